// What `portcullis render wasmplugin` prints.
import { expect } from 'vitest';
import { portcullis } from '../host-tests/cli/portcullis.ts';

/** Renders policies by the command, which must have nothing to complain of. */
export async function render(policies: string[], ...args: string[]): Promise<string> {
  const command = ['render', 'wasmplugin', '-f', '-', ...args];
  const { code, stdout, stderr } = await portcullis(command, policies.join('---\n'));
  expect(stderr.replace(/^note: .*\n/gm, '')).toBe('');
  expect(code).toBe(0);
  return stdout;
}
