// Every file of the documentation that is made from the sources.
import { format, resolveConfig } from 'prettier';
import { cliReference } from './cli-reference.ts';
import { lintPages } from './lint-pages.ts';
import { reasonsPage } from './reasons.ts';

/** Path and text of each, formatted as the repository is. */
export async function generatedDocs(): Promise<Map<string, string>> {
  const docs = new Map<string, string>();
  const pages: [string, string][] = [
    ...lintPages(),
    ['docs/reference/cli.md', await cliReference()],
    ['docs/reference/reasons.md', reasonsPage()],
  ];
  for (const [file, text] of pages) {
    docs.set(file, await format(text, { ...(await resolveConfig(file)), filepath: file }));
  }
  return docs;
}
