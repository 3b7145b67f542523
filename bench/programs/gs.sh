#!/bin/sh
# SPDX-License-Identifier: MIT
# Ghostscript renders generated pages: paths, text, dictionaries and strings made in PostScript.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

lm_rows()
{
    echo ghostscript
}

lm_setup()
{
    lm_need gs
    cat >work.ps <<'PS'
%!PS
/page {
  /seed exch def
  seed srand
  /table 500 dict def
  0 1 1999 { /i exch def
    table i 500 mod 20 string cvs cvn [ i i 2 mul i 3 mul ] put
    newpath rand 600 mod rand 800 mod moveto
    6 { 3 { rand 600 mod rand 800 mod } repeat curveto } repeat
    rand 100 mod 100 div rand 100 mod 100 div rand 100 mod 100 div setrgbcolor
    i 7 mod 0 eq
    { gsave clip newpath 0 0 600 800 rectfill grestore }
    { 0.3 setlinewidth stroke } ifelse
  } for
  0 1 60 { /i exch def
    /Times-Roman findfont 6 i 5 mod add scalefont setfont 0 setgray
    20 780 i 12 mul sub moveto
    (The quick brown fox jumps over the lazy dog, page after page after page ) show
    i 100 string cvs show
  } for
  showpage
} def
1 page 2 page 3 page
PS
}

lm_run()
{
    $LM_LAUNCH gs -q -dNOPAUSE -dBATCH -dSAFER -sDEVICE=png16m -r72 -sOutputFile=page%d.png work.ps
}

lm_driver "$@"
