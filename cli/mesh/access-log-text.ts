// The access log for a reader: what decides, and nothing that is the same in every line.

/** Fields of a line, as envoy/config/access-log.ts has them; null where there is nothing. */
interface AccessLogLine {
  start_time: string;
  method: string | null;
  authority: string | null;
  path: string | null;
  response_code: number;
  response_code_details: string | null;
  response_flags: string;
  decision: string | null;
  peer: string | null;
  downstream_remote_address: string | null;
  matched: string | null;
  audit: string | null;
  dry_run: string | null;
}

/** Lines of JSON as text, one by one; what is none stays as it is. */
export function accessLogText(json: string): string {
  return json.replace(/^.+$/gm, (line) => {
    try {
      return textOf(JSON.parse(line) as AccessLogLine);
    } catch {
      return line;
    }
  });
}

function textOf(line: AccessLogLine): string {
  const { method, authority, path, decision, response_code_details: details } = line;
  // Who has no certificate is known by the address alone.
  const from =
    line.peer?.startsWith('mtls ') === false
      ? `${line.peer} ${line.downstream_remote_address ?? ''}`.trimEnd()
      : (line.peer ?? null);
  const asked =
    method === null
      ? 'connection'
      : `${line.response_code || '-'} ${method} ${authority ?? ''}${path ?? ''}`;
  const parts = [line.start_time, asked];
  if (from !== null) parts.push(`from ${from}`);
  if (decision !== null) parts.push(decision);
  if (line.matched !== null) parts.push(`by ${line.matched}`);
  // The details of a rule's refusal name the rule once more.
  if (details !== null && details !== 'via_upstream' && line.matched === null) parts.push(details);
  if (line.response_flags !== '-') parts.push(`flags ${line.response_flags}`);
  if (line.audit !== null) parts.push(`audit ${line.audit}`);
  if (line.dry_run !== null) parts.push(`dry run: ${line.dry_run}`);
  return parts.join('  ');
}
