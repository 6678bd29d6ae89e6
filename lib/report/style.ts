/** Colours have a contrast of at least 4.5 to 1 to the background, in the light and in the dark. */
export const style = `
:root{color-scheme:light dark;--back:#fff;--text:#1a1c20;--dim:#50565f;--line:#d5d9df;--link:#0b57b0;
--c0:#1f5fbf;--c1:#b34700;--c2:#17713a;--c3:#7a3fb0;--c4:#b3203a;--c5:#0b6a75}
@media (prefers-color-scheme:dark){:root{--back:#14161a;--text:#e8eaed;--dim:#b0b6bf;--line:#3a3f47;--link:#8ab8ff;
--c0:#7db4ff;--c1:#ffb077;--c2:#7fd69b;--c3:#cda5ff;--c4:#ff9aa8;--c5:#6fd3de}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:64rem;background:var(--back);color:var(--text);
font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.25}h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}h3{margin-top:2rem}
h4{margin:0;font-size:1rem}
a{color:var(--link)}a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:3px solid var(--link);outline-offset:2px}
nav ul{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;padding:0;list-style:none}
nav a{display:inline-block;padding:.25rem 0}
figure{margin:1rem 0;max-width:36rem}
figure>svg{display:block;width:100%;height:auto}
figcaption{color:var(--dim);font-size:.9rem}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(17rem,100%),1fr));gap:1rem}.plots figure{margin:0}
.legend{margin:.3rem 0;padding:0;list-style:none;color:var(--text)}
.swatch{width:28px;height:10px;vertical-align:middle}
.scroll{overflow-x:auto;margin:1rem 0}.pairs .scroll{margin:.5rem 0}
table{border-collapse:collapse;min-width:min(100%,26rem);overflow-wrap:normal;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:.3rem 0}
th,td{padding:.25rem .7rem .25rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th[scope=row]{font-weight:400}td,th[scope=row]{max-width:28rem;min-width:4rem}td{overflow-wrap:anywhere}th[scope=row]{overflow-wrap:break-word}#provenance th[scope=row]{overflow-wrap:anywhere}
.figures td{min-width:11rem}.figures th[scope=row]{min-width:6rem}.pairs{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(24rem,100%),1fr));gap:0 1.5rem}
summary{cursor:pointer;padding:.4rem 0;color:var(--link)}
svg text{font:11px system-ui,sans-serif;fill:var(--text)}
.grid path{stroke:var(--line);stroke-width:1}.frame{fill:none;stroke:var(--dim)}
.diagonal,.threshold{fill:none;stroke:var(--dim);stroke-dasharray:2 3}.threshold{stroke:var(--text);stroke-dasharray:none}
.curve{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round}
.mark{fill:var(--c);stroke:var(--back);stroke-width:1.5}
.bar{fill:var(--c)}.whisker{fill:none;stroke:var(--text);stroke-width:1.2}
figure.wide{max-width:none}.line{stroke-width:1.3}.spoofed{fill:var(--c1);fill-opacity:.12}
.bars{stroke:var(--c);stroke-width:1.5}.bars.spoof{fill:var(--c);fill-opacity:.35}.bars.bonafide{fill:none}
.s0,.bonafide{--c:var(--c0)}.s1,.spoof{--c:var(--c1)}.s2{--c:var(--c2)}.s3{--c:var(--c3)}.s4{--c:var(--c4)}.s5{--c:var(--c5)}
.d1 .curve{stroke-dasharray:7 3}.d2 .curve{stroke-dasharray:2 3}.d3 .curve{stroke-dasharray:8 3 2 3}
.warnings{border-left:4px solid var(--c1);padding-left:1rem}
@media print{:root{color-scheme:light;--back:#fff;--text:#000;--dim:#444;--line:#bbb;--link:#000;
--c0:#1f5fbf;--c1:#b34700;--c2:#17713a;--c3:#7a3fb0;--c4:#b3203a;--c5:#0b6a75}
body{max-width:none;padding:0;font-size:10pt}nav,summary{display:none}
details::details-content{content-visibility:visible;display:block}
figure,tr,h2,h3{break-inside:avoid}h2,h3,caption{break-after:avoid}figure{max-width:13cm}.scroll{overflow:visible}
table{font-size:8pt}th,td{padding-right:.4rem;min-width:0}.plots{grid-template-columns:repeat(3,1fr)}}
`
