// What the samples have other people's repositories run.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseDocument } from 'yaml';

const FOLDER = 'samples/lint';

it.each(readdirSync(FOLDER))('%s runs nothing that anybody can publish under our name', (name) => {
  const text = readFileSync(join(FOLDER, name), 'utf8');
  const commands: string[] = [];
  JSON.stringify(parseDocument(text).toJS(), (key, value: unknown) => {
    if ((key === 'run' || key === 'entry') && typeof value === 'string') commands.push(value);
    return value;
  });
  expect(commands.join('\n')).toContain('portcullis/build/js/cli/main.js lint');
  for (const command of commands) expect(command).not.toMatch(/\b(npx|npm|pnpm|yarn|bunx)\b/);
});
