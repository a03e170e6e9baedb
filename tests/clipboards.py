"""What other programs put on the clipboard, in short: their markup as it is, with fewer words in it."""

#: Microsoft Word: a sheet in a comment, a list as paragraphs with their bullets; black is written out.
WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head>
<style><!--
 @font-face {font-family:"Cambria Math"; panose-1:2 4 5 3 5 4 6 3 2 4;}
 @list l0 {mso-list-id:1234; mso-list-type:hybrid;} @page WordSection1 {size:595.3pt 841.9pt;}
 p.MsoNormal {margin:0cm; font-size:11.0pt; font-family:"Calibri",sans-serif;}
--></style></head><body lang=EN-GB><!--StartFragment-->
<p class=MsoNormal><span style='color:black;mso-themecolor:text1'>Black as all words, </span>
<span style='font-family:"Times New Roman"'>and <span style='color:#C00000'>red</span></span>,
<span style='background:yellow;mso-highlight:yellow'>marked</span><o:p></o:p></p>
%s<!--EndFragment--></body></html>"""

_WORD_POINT = """<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l%s level%s lfo1'>
<![if !supportLists]><span style='font-family:Symbol'><span style='mso-list:Ignore'>%s<span
style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp; </span></span></span><![endif]>%s<o:p></o:p></p>
"""


def word_point(number: int, level: int, bullet: str, words: str) -> str:
    """A point of a list of Word's."""
    return _WORD_POINT % (number, level, bullet, words)


#: Microsoft Excel: what cells look like is in the sheet alone.
EXCEL = """<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><style><!--
table {mso-displayed-decimal-separator:"\\,";} @page {margin:.75in .7in;} tr {mso-height-source:auto;}
td {padding:1px; color:black; font-size:11.0pt; font-weight:400; border:none; white-space:nowrap;}
.xl65 {font-weight:700; background:#FFC000; mso-pattern:black none;} .xl67 {color:red; text-align:center;}
--></style></head><body><table border=0 cellpadding=0 width=128><!--StartFragment--><col width=64 span=2>
<tr height=20><td class=xl65 width=64>Item</td><td class=xl65>Price</td></tr>
<tr height=20><td>Oars</td><td class=xl67>12,50</td></tr><!--EndFragment--></table></body></html>"""

#: LibreOffice: <font> beside styles.
LIBREOFFICE = """<html><head><meta name="generator" content="LibreOffice 24.2 (Linux)"/><style type="text/css">
@page { size: 21cm 29.7cm } p { line-height: 115%; background: transparent } a:link { color: #000080 }</style></head>
<body lang="de-DE" link="#000080" dir="ltr"><p style="line-height: 100%">With <font color="#c9211e">red</font>,
<span style="background: #ffff00">marked</span> and <font face="Liberation Serif, serif"><font size="4"
style="font-size: 14pt">larger</font></font> words.</p></body></html>"""

#: Chromium, of a page in dark colours: those of the page are written into its elements.
DARK_PAGE = """<meta charset="utf-8"><p style="color: rgb(230, 237, 243); background-color: rgb(13, 17, 23)">Light,
<span style="color: rgb(255, 123, 114)">salmon</span> <span style="color: rgb(214, 228, 255)">pale blue</span></p>
<table><tr style="background: #0d1117"><td><span style="color: #fff">white in a dark cell</span></td></tr></table>"""
