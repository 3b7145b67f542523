#!/bin/bash
# SPDX-License-Identifier: MIT
# php.sh - PHP, with an allocator of its own and without, and with extensions, which it loads with RTLD_DEEPBIND.
. "${0%/*}/lib.sh"
need php
for extension in dom pdo_sqlite mbstring; do
    php -m | grep -qx "$extension" || skip_all "php has no extension $extension"
done
plan 3

cat >"$work/page.php" <<'EOP'
<?php
mt_srand(5);
$words = [];
for ($i = 0; $i < 60000; $i++) {
    $word = '';
    for ($j = 0; $j < 1 + mt_rand(0, 9); $j++) $word .= chr(97 + mt_rand(0, 25));
    $words[$word] = ($words[$word] ?? 0) + 1;
}
ksort($words);
echo count($words), ' ', crc32(json_encode($words)), "\n";

$document = new DOMDocument;
$root = $document->appendChild($document->createElement('root'));
for ($i = 0; $i < 5000; $i++)
    $root->appendChild($document->createElement('item', "text $i"))->setAttribute('n', $i);
echo md5($document->saveXML()), ' ', (new DOMXPath($document))->query('//item[@n > 2500]')->length, "\n";

$database = new PDO('sqlite::memory:');
$database->exec('create table t(a, b)');
$insert = $database->prepare('insert into t values(?, ?)');
for ($i = 0; $i < 5000; $i++) $insert->execute([$i, str_repeat('x', $i % 300)]);
echo $database->query('select sum(length(b)) from t')->fetchColumn(), "\n";

echo mb_strtoupper('grüße'), ' ', bin2hex(iconv('UTF-8', 'ISO-8859-1', 'grüße')), "\n";
$text = str_repeat('hello ', 100000);
echo preg_match_all('/l+o/', $text), ' ', md5(gzuncompress(gzcompress($text))), "\n";
EOP
compare "a page that uses four extensions" php "$work/page.php"
loaded_in php
malloc_only() { USE_ZEND_ALLOC=0 php "$work/page.php"; }
compare "the same, all of it allocated by malloc" malloc_only
finish
