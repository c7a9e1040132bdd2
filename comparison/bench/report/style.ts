export const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --quiet: #57606a; --line: #d0d7de; --paper: #fff; --ours: #1a7f5a; --theirs: #8c95a0; --limit: #c9a227; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --quiet: #9aa4af; --line: #343b44; --paper: #12161b; --ours: #3fb984; --theirs: #6b7682; --limit: #d9b84a; }
}
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 920px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 30px; margin: 0 0 12px; }
h2 { font-size: 22px; margin: 48px 0 12px; border-top: 1px solid var(--line); padding-top: 20px; }
h3 { font-size: 17px; margin: 28px 0 6px; }
p, li { color: var(--quiet); max-width: 75ch; }
svg { display: block; width: 100%; height: auto; margin: 8px 0; }
svg text { font: 13px system-ui, sans-serif; fill: var(--ink); dominant-baseline: central; }
svg .label { text-anchor: end; }
svg .ours { fill: var(--ours); }
svg .theirs { fill: var(--theirs); }
svg .limit { fill: var(--limit); }
svg .whisker { stroke: var(--ink); stroke-width: 1.5; fill: none; }
svg .mark { stroke: var(--quiet); stroke-dasharray: 4 3; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 6px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal; min-width: 12em; }
th { font-weight: 600; }
`
