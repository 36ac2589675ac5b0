namespace InferenceShield.Lab;

/// <summary>The style sheet of report.html: light, dark and print.</summary>
internal static class ReportStyle
{
    /// <summary>Eight colours that people with any colour vision tell apart (after Okabe and Ito); markers differ too.</summary>
    public const string Css = """
        :root { color-scheme: light dark; --page: #fff; --panel: #f6f7f9; --text: #1b1f24; --soft: #59636e; --line: #d5dae0; --bad: #b42318; --good: #18794e;
          --c0: #4a4f57; --c1: #0068b3; --c2: #c24e00; --c3: #00795a; --c4: #b0508a; --c5: #927200; --c6: #3b8fc4; --c7: #7a3fb0; }
        @media (prefers-color-scheme: dark) { :root { --page: #14171b; --panel: #1d2126; --text: #e6e9ed; --soft: #9aa4af; --line: #363d45; --bad: #ff8a7a; --good: #58c994;
          --c0: #b9c0c9; --c1: #5cb3f5; --c2: #ff9350; --c3: #3fcba0; --c4: #ee9acb; --c5: #e3c34a; --c6: #8fd0f7; --c7: #c39bf0; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
        main { max-width: 1180px; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
        h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .4rem; }
        h2 { font-size: 1.25rem; margin: 2.2rem 0 .7rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
        h3 { font-size: 1rem; margin: 1.6rem 0 .5rem; }
        .lead, .note, figcaption, dt { color: var(--soft); }
        .lead { max-width: 75ch; margin: 0; }
        .note { font-size: .875rem; max-width: 80ch; }
        .summary { list-style: none; margin: 0; padding: 0; display: grid; gap: .6rem; }
        .summary li { background: var(--panel); border-radius: 6px; padding: .65rem .9rem; max-width: 100ch; }
        .gates { list-style: none; margin: 0; padding: 0; }
        .gates li { padding: .45rem .8rem; border-left: 4px solid var(--good); background: var(--panel); margin-bottom: .4rem; }
        .gates .tripped { border-color: var(--bad); }
        .gates b { color: var(--good); } .gates .tripped b { color: var(--bad); }
        code { font: .9em ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; }
        .legend { display: flex; flex-wrap: wrap; gap: .3rem 1.3rem; margin: .3rem 0 .8rem; font-size: .925rem; }
        .legend span { display: inline-flex; align-items: center; gap: .45rem; }
        .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); gap: 1.2rem; }
        figure { margin: 0; background: var(--panel); border-radius: 8px; padding: .8rem .8rem .4rem; }
        figcaption { font-size: .925rem; margin: 0 0 .3rem .3rem; }
        .plot { width: 100%; height: auto; display: block; } .key { width: 26px; height: 14px; }
        svg text { fill: var(--text); font: 13px system-ui, sans-serif; } svg .tick { fill: var(--soft); font-size: 12px; } svg .title { fill: var(--soft); }
        svg .name { font-size: 12px; } svg .grid { stroke: var(--line); fill: none; } svg .axis { stroke: var(--soft); fill: none; }
        svg .line { fill: none; stroke: currentColor; stroke-width: 2; } svg .bar { fill: none; stroke: currentColor; stroke-width: 1.2; }
        svg g { fill: currentColor; }
        .s0 { color: var(--c0); } .s1 { color: var(--c1); } .s2 { color: var(--c2); } .s3 { color: var(--c3); }
        .s4 { color: var(--c4); } .s5 { color: var(--c5); } .s6 { color: var(--c6); } .s7 { color: var(--c7); }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; font-size: .925rem; font-variant-numeric: tabular-nums; }
        th, td { padding: .35rem .85rem; text-align: right; vertical-align: top; border-bottom: 1px solid var(--line); white-space: nowrap; }
        th { font-weight: 600; } thead th { color: var(--soft); font-weight: 500; } th:first-child { text-align: left; padding-left: 0; }
        tr.opens th, tr.opens td { border-top: 2px solid var(--line); }
        small { color: var(--soft); }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.2rem; margin: 0; } dd { margin: 0; overflow-wrap: anywhere; }
        @media print { body { font-size: 11pt; background: #fff; } main { max-width: none; padding: 0; } figure, tr, .summary li, .gates li { break-inside: avoid; } .plots { grid-template-columns: 1fr 1fr; } .scroll { overflow: visible; } }

        """;
}
