/** The report's style: one file, both themes, and A4 paper. The colours are those of the window (renderer/app.css). */

/** Colours for paper and the light theme. */
export const light = {
  ground: '#f7f7f5',
  surface: '#fff',
  sunken: '#f1f1ee',
  line: '#e0e0db',
  'line-strong': '#c6c6bf',
  text: '#1b1c1e',
  'text-2': '#5b5d61',
  accent: '#1d5bb8',
  ok: '#19703f',
  'ok-soft': '#e3f2e8',
  attention: '#875a00',
  'attention-soft': '#fbf0d9',
  wrong: '#b3261e',
  'wrong-soft': '#fbe7e5',
  paper: '#000',
  grey: '#8b8d91',
  s1: '#0072b2',
  s2: '#d55e00',
  s3: '#009e73',
  s4: '#b4588f',
  s5: '#b97a00',
  s6: '#2b86bd',
  s7: '#6d6d00',
} as const;

/** Colour and dashes of each series. */
export const seriesLooks = [
  ['s1', null],
  ['s2', '6 3'],
  ['s3', '2 3'],
  ['s4', '8 3 2 3'],
  ['s5', '4 2'],
  ['s6', '1 3'],
  ['s7', '10 4'],
] as const satisfies readonly (readonly [keyof typeof light, string | null])[];

/** Styles of the pictures' shapes: a selector inside the picture, and its rule. */
export const shapes = [
  ['text', 'fill:var(--text-2);font-size:11px'],
  ['.axis-title', 'fill:var(--text);font-size:12px;font-weight:600'],
  ['.row-label', 'fill:var(--text);font-size:12px'],
  ['.end-label', 'fill:var(--c)'],
  ['.axis', 'stroke:var(--line-strong);stroke-width:1'],
  ['.guide', 'stroke:var(--line);stroke-width:1'],
  ['.bar', 'stroke:var(--c);stroke-width:2'],
  ['.dot', 'fill:var(--c)'],
  ['.paper', 'fill:var(--paper);stroke:var(--paper);stroke-width:1.5'],
  ['.earlier', 'fill:var(--grey);stroke:var(--grey);stroke-width:1.5'],
  ['.hollow', 'fill:var(--surface)'],
  ['.curve', 'fill:none;stroke:var(--c);stroke-width:1.6;stroke-dasharray:var(--d);stroke-linejoin:round'],
  ['.band', 'fill:var(--c);opacity:.14;stroke:none'],
] as const;

export const style = `
:root{color-scheme:light dark;${Object.entries(light)
  .map(([name, value]) => `--${name}:${value}`)
  .join(';')}}
@media screen and (prefers-color-scheme:dark){:root{--ground:#121315;--surface:#1a1c1f;--sunken:#15171a;--line:#2c3035;--line-strong:#454a51;--text:#e6e7e9;--text-2:#a2a6ad;--accent:#82b1ff;--ok:#5cc98d;--ok-soft:#16301f;--attention:#e3b341;--attention-soft:#332913;--wrong:#ff9088;--wrong-soft:#3b1c1a;--paper:#fff;--grey:#80858c;--s1:#56b4e9;--s2:#ef7f3c;--s3:#2fc39a;--s4:#db93bd;--s5:#e69f00;--s6:#9ad1f2;--s7:#f0e442}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--text);font:14px/1.5 system-ui,"Noto Sans","Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;font-variant-numeric:tabular-nums}
html:lang(zh) body{line-height:1.7}
main{max-width:960px;margin:0 auto;padding:48px 56px 72px;background:var(--surface);min-height:100vh}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;letter-spacing:-.01em;text-wrap:balance}
.subtitle{color:var(--text-2);margin:0 0 28px;font-size:13px}
nav{margin:0 0 8px;padding:12px 16px;background:var(--sunken);border-radius:6px;font-size:13px}
nav b{font-weight:600;margin-right:12px}
nav a{color:var(--accent);text-decoration:none;margin-right:14px;white-space:nowrap}
nav a:hover{text-decoration:underline}
section{margin-top:40px}
h1,h2,h3,p,li,dd,figcaption{overflow-wrap:anywhere}
h2{font-size:18px;line-height:1.3;margin:0 0 12px;padding-bottom:6px;border-bottom:1px solid var(--line-strong)}
.section-label{color:var(--text-2);font-weight:400;margin-right:.35em}nav .section-label{color:inherit}
.part{font-size:22px;line-height:1.3;font-weight:600;margin:64px 0 0}
h3{font-size:14px;line-height:1.4;margin:24px 0 6px}
p{margin:0 0 12px;max-width:74ch}
.quiet{color:var(--text-2);font-size:12.5px}
ul{margin:0 0 16px;padding-left:20px;max-width:80ch}
li{margin:3px 0}
table{width:100%;border-collapse:collapse;margin:4px 0 16px;font-size:13px}
th{text-align:left;font-weight:500;color:var(--text-2);font-size:12px;padding:6px 12px 6px 0;border-bottom:1px solid var(--line-strong);vertical-align:bottom}
td{padding:5px 12px 5px 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
th.figure,td.figure{text-align:right}td.figure{white-space:nowrap}
td:last-child,th:last-child{padding-right:0}
.group th{color:var(--text);font-size:13px;font-weight:600;padding-top:12px;border-bottom-color:var(--line);overflow-wrap:anywhere}
.group:first-child th{padding-top:6px}
.figure+:not(.figure){padding-left:12px}
td.code,code{font:12px/1.5 ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}
td small{display:block;color:var(--text-2);font-size:11.5px;line-height:1.4;white-space:normal}
.label{display:inline-block;padding:0 8px;border-radius:9px;font-size:12px;line-height:1.5;white-space:nowrap;background:var(--sunken);color:var(--text-2)}
.ok{color:var(--ok)}.attention{color:var(--attention)}.wrong{color:var(--wrong)}td .quiet,li .quiet{font-size:inherit}
.label.ok{background:var(--ok-soft);color:var(--ok)}.label.attention{background:var(--attention-soft);color:var(--attention)}.label.wrong{background:var(--wrong-soft);color:var(--wrong)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 20px;margin:4px 0 16px;font-size:13px}
dt{color:var(--text-2)}dd{margin:0;overflow-wrap:anywhere}
.parameters{grid-template-columns:150px 1fr;gap:10px 20px}
.parameters dt{overflow-wrap:anywhere}
.parameters ul{margin:0;padding:0;max-width:none;list-style:none;columns:3 200px;column-gap:20px;font-size:12px;line-height:1.5}
.parameters li{margin:0;padding-left:12px;text-indent:-12px;break-inside:avoid}
#claims td:first-child{width:22%}#claims td:nth-child(2){width:22%}
#deviations td{width:24%}#deviations td:nth-child(2){width:17%}#deviations td:last-child{width:auto}
#earlier td:first-child{width:40%}#earlier td:last-child{width:42%}
#artifacts td.code:last-child{font-size:10px;line-height:1.8}
pre{margin:4px 0 16px;padding:12px 16px;background:var(--sunken);border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere;font:12px/1.6 ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}
figure{margin:8px 0 20px;max-width:640px}
figure svg{display:block;width:100%;height:auto;font-family:inherit}
figcaption{color:var(--text-2);font-size:12.5px;margin-top:6px}
.multiples{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(320px,100%),1fr));gap:12px 20px;margin:8px 0 12px}
.multiples figure{margin:0;max-width:none;break-inside:avoid}
.multiples figcaption{order:-1;margin:0 0 2px;color:var(--text);font-weight:500}
.multiples figure{display:flex;flex-direction:column}
footer{margin-top:48px;padding-top:12px;border-top:1px solid var(--line);color:var(--text-2);font-size:12.5px}
${seriesLooks.map(([colour, dashes], at) => `.series-${at + 1}{--c:var(--${colour})${dashes === null ? '' : `;--d:${dashes}`}}`).join('')}
${shapes.map(([selector, rule]) => `svg ${selector}{${rule}}`).join('\n')}
@page{size:A4 portrait;margin:16mm 17mm 19mm}
@media print{
body{background:#fff;font-size:9pt;line-height:1.45}
html:lang(zh) body{line-height:1.55}
#summary li,#summary p{font-size:8.8pt}#summary li{margin:1pt 0}#summary td{padding-top:1.5pt;padding-bottom:1.5pt}#summary h3{margin-top:9pt}#summary table,#summary dl{margin-bottom:4pt}
main{max-width:none;padding:0;min-height:0}
nav{display:none}
p,ul{max-width:none;orphans:3;widows:3}
h1{font-size:19pt}h2{font-size:13pt;margin-bottom:7pt}h3{font-size:10pt;margin:11pt 0 4pt}
.subtitle{font-size:9pt;margin-bottom:12pt}
section{margin-top:17pt}#summary{margin-top:0}#summary h2{display:none}
.appendix{break-before:page}
.part{font-size:16pt;margin:0}.part+section{margin-top:12pt}
h2,h3,.part,.group,p:has(+table),p:not(.quiet):has(+h3){break-after:avoid}p{break-inside:avoid}tr:last-child,table+.quiet,.multiples+.quiet,dl+table.short{break-before:avoid}
table,dl,pre{font-size:8.5pt;line-height:1.35}html:lang(zh) :is(table,dl){line-height:1.42}table.short{break-inside:avoid}th{font-size:8pt}.group th{font-size:8.5pt}
th{padding:3pt 9pt 3pt 0}td{padding:1.8pt 9pt 1.8pt 0}.group th,.group:first-child th{padding:5pt 0 2.5pt}
.label{font-size:8pt;line-height:1.35}
td.code,code,pre{font-size:7.5pt}td small,.quiet,figcaption{font-size:8pt}td small{line-height:1.3}
dl{gap:2.5pt 12pt;margin-bottom:8pt}
ul{margin-bottom:9pt}li{margin:1.5pt 0}
.parameters{grid-template-columns:34mm 1fr;gap:4pt 8pt}
.parameters ul{columns:2;column-gap:12pt;font-size:7.5pt;line-height:1.4}
#artifacts table,#artifacts td.code,#artifacts td.code:last-child{font-size:6.6pt;line-height:1.3}#artifacts td.code:last-child{white-space:nowrap}#artifacts td{padding-top:.3pt;padding-bottom:.3pt;border:0}#artifacts .group th{padding:3pt 0 1pt;font-size:7.5pt}
tr,figure,li,dl:not(.parameters){break-inside:avoid}
thead{display:table-header-group}
figure{max-width:118mm;margin:0 auto 6pt}
.multiples{grid-template-columns:1fr 1fr;gap:5pt 12pt;margin:4pt 0 6pt}
.label,.dot,.bar,.band,.series-1,pre{-webkit-print-color-adjust:exact;print-color-adjust:exact}
footer{margin-top:20pt;padding-top:6pt;font-size:8pt}
}
@media screen and (max-width:720px){
main{padding:24px 16px 48px}
h1{font-size:22px}
dl,.parameters{grid-template-columns:minmax(0,1fr);gap:0}dd{margin-bottom:6px}.parameters dd{margin:2px 0 12px}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table,tbody,tr,td,.group th{display:block;width:100%}
#claims td,#deviations td,#earlier td{width:100%!important}
tr{padding:7px 0;border-bottom:1px solid var(--line)}
td,th.figure,td.figure,.figure+:not(.figure){padding:1px 0;border:0;text-align:left;white-space:normal}
td:first-child{font-weight:600}td.code:first-child{font-weight:400}
td[data-column]{display:grid;grid-template-columns:minmax(96px,34%) minmax(0,1fr);column-gap:12px;padding:1px 0}
td[data-column]::before{content:attr(data-column);color:var(--text-2);font:12px/1.6 system-ui,sans-serif;grid-row:span 2}
td[data-column]>*{justify-self:start}td.none[data-column]{display:none}
tr.group{padding:14px 0 2px;border-bottom-color:var(--line-strong)}.group th{padding:0;border:0}
}
`.trim();
