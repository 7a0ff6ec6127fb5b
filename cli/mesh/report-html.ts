// The report as one HTML file that needs nothing else.
import type { PeerCount } from '../../envoy/mesh/server.ts';
import { verdictOf } from './report-verdict.ts';

const STYLE = `
  body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1c2430; }
  h1 { font-size: 1.5rem; } table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: .5rem .75rem; border-bottom: 1px solid #d8dee6; }
  td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
  .plaintext { background: #fdecea; } .plaintext td:first-child { color: #a1260d; font-weight: 600; }
  .verdict { padding: 1rem; border-left: 4px solid #2f7d4f; background: #eef7f1; }
  .verdict.open { border-color: #a1260d; background: #fdecea; }
  @media (prefers-color-scheme: dark) {
    body { background: #12161c; color: #e6ebf2; } th, td { border-color: #2b3440; }
    .plaintext, .verdict.open { background: #3a1c17; } .plaintext td:first-child { color: #ff9d8a; } .verdict { background: #16291e; }
  }
`;

/** The whole document. */
export function reportHtml(peers: PeerCount[]): string {
  const { lines, isOpen } = verdictOf(peers);
  const rows = peers.map(
    ({ security, source, workload, port, requests, refused }) =>
      `<tr class="${escaped(security)}"><td>${escaped(security)}</td><td>${escaped(source)}</td><td>${escaped(workload)}</td>` +
      `<td class="number">${port}</td><td class="number">${requests}</td><td class="number">${refused}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Who speaks plaintext</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Who speaks plaintext, and to whom</h1>
<p class="verdict${isOpen ? ' open' : ''}">${lines.map(escaped).join('<br>')}</p>
<table>
<thead><tr><th>Security</th><th>Source</th><th>Workload</th><th class="number">Port</th><th class="number">Requests</th><th class="number">Refused</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(
    /[&<>"']/g,
    (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[c]!,
  );
}
