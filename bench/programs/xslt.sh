#!/bin/sh
# SPDX-License-Identifier: MIT
# xsltproc: libxml2 builds a tree of 720 000 elements, libxslt selects, sorts and sums.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

lm_rows()
{
    echo xsltproc
}

lm_setup()
{
    lm_need xsltproc awk
    awk 'BEGIN {
        print "<root>"
        for (i = 0; i < 90000; i++) {
            printf "<item id=\"%d\" c=\"%s\"><name>n%d</name><v>%d</v><list>", i, substr("xyz", 1 + i % 3, 1), i, i * 7919 % 90001
            for (j = 0; j < 4; j++) printf "<e>%d</e>", i * 31 % 997 + j
            print "</list></item>"
        }
        print "</root>"
    }' >work.xml
    cat >work.xsl <<'XSL'
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:output method="text"/>
<xsl:template match="/"><xsl:for-each select="root/item[@c='x']"><xsl:sort select="v" data-type="number"/>
<xsl:value-of select="name"/>:<xsl:value-of select="sum(list/e)"/><xsl:text>
</xsl:text></xsl:for-each></xsl:template>
</xsl:stylesheet>
XSL
}

lm_run()
{
    $LM_LAUNCH xsltproc work.xsl work.xml
}

lm_driver "$@"
