#!/bin/bash
# SPDX-License-Identifier: MIT
# ghostscript.sh - ghostscript draws the same picture and writes the same PDF.
. "${0%/*}/lib.sh"
need gs
plan 3

cat >"$work/page.ps" <<'EOP'
%!PS-Adobe-3.0
/Times-Roman findfont 11 scalefont setfont
1 1 12 { /page exch def
    1 1 55 { /line exch def
        40 800 line 13 mul sub moveto
        (page ) show page 4 string cvs show (, line ) show line 4 string cvs show
        (: the quick brown fox jumps over the lazy dog and comes back again) show
    } for
    1 1 90 { /i exch def
        i 90 div 1 i 90 div sub page 12 div setrgbcolor
        300 400 i 2 mul 0 360 arc stroke
        newpath i 5 mul 60 moveto i 3 mul 20 add 200 100 i 7 mod 80 mul i 4 mul 90 curveto stroke
    } for
    0 setgray showpage
} for
EOP
compare "a PNG of twelve pages" gs -q -dBATCH -dNOPAUSE -dSAFER -sDEVICE=png16m -r72 -dNumRenderingThreads=2 \
    -dTextAlphaBits=4 -dGraphicsAlphaBits=4 -sOutputFile=page%d.png "$work/page.ps"
loaded_in gs
write_pdf() {
    gs -q -dBATCH -dNOPAUSE -dSAFER -sDEVICE=pdfwrite -dCompatibilityLevel=1.4 -sOutputFile=all.pdf "$work/page.ps" &&
        gs -q -dBATCH -dNOPAUSE -dSAFER -sDEVICE=pnggray -r50 -sOutputFile=again%d.png all.pdf || return
    # A PDF holds its date and an identity made of it; after 1.4 also packed.
    grep -a -v -E 'Date|/ID|xap:|xmp:|xapMM|uuid' all.pdf | sha1sum
    rm all.pdf
}
compare "a PDF and its picture" write_pdf
finish
