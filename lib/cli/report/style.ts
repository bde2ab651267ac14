/** The style sheet of the report. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --card: #f6f7f9; --text: #16191f; --soft: #5a6270; --line: #d9dde3; --on-color: #ffffff;
  --blue: #2667c9; --orange: #b85c00; --green: #1d7f4e; --red: #c0303b; --purple: #7b4fc4; --gray: #a7adb8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171c; --card: #1d2128; --text: #e8eaee; --soft: #a4acb9; --line: #363c46; --on-color: #14171c;
    --blue: #78aaf5; --orange: #f0a050; --green: #5cc38c; --red: #f2808a; --purple: #b79bf0; --gray: #626a77;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 24px 20px 60px; max-width: 840px;
  background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif;
}
h1 { margin: 0; font-size: 26px; overflow-wrap: anywhere; }
h2 { margin: 40px 0 8px; padding-top: 12px; border-top: 1px solid var(--line); font-size: 20px; }
h3 { margin: 0 0 6px; font-size: 15px; }
h4 { margin: 14px 0 2px; font-size: 13px; font-weight: 600; color: var(--soft); }
p { margin: 4px 0 8px; color: var(--soft); }
figure { margin: 24px 0; break-inside: avoid; }
figure svg { display: block; width: 100%; height: auto; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(122px, 1fr)); gap: 10px; margin-top: 20px; }
.tile { padding: 10px 12px; border: 1px solid var(--line); border-radius: 8px; background: var(--card); }
.tile b { display: block; font-size: 18px; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: 13px; }
.tile.warn b { color: var(--orange); }
.tile.bad b { color: var(--red); }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 13px; }
th, td { padding: 4px 10px 4px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--soft); font-weight: 600; }
.number { padding-left: 10px; padding-right: 0; text-align: right; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
ul { margin: 0; padding-left: 18px; font-size: 13px; overflow-wrap: anywhere; }
time { color: var(--soft); font-variant-numeric: tabular-nums; }
.legend { font-size: 12px; }
.swatch { display: inline-block; width: 10px; height: 10px; margin: 0 5px 0 8px; border-radius: 2px; }
.swatch:first-child { margin-left: 0; }
.none { font-style: italic; }
@media print {
  :root {
    --ground: #ffffff; --card: #ffffff; --text: #000000; --soft: #444444; --line: #bbbbbb; --on-color: #ffffff;
    --blue: #2667c9; --orange: #b85c00; --green: #1d7f4e; --red: #c0303b; --purple: #7b4fc4; --gray: #a7adb8;
  }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { max-width: none; padding: 0; font-size: 12px; }
  h2, h3, h4 { break-after: avoid; }
  tr { break-inside: avoid; }
}
`;
