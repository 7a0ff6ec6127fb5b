// The files that `lint` looks at: those that are named, and those in folders that are.
import { open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../envoy/errors.ts';
import { besides } from '../envoy/whole-file.ts';
import type { LintFile } from '../istio/lint/fix-all.ts';
import { markdownSources } from '../istio/lint/markdown.ts';
import { ExitCode, Failure } from './exit-codes.ts';
import { readInputs } from './read-input.ts';

const MANIFEST = /\.(ya?ml|json)$/i;
/** Without these, a file that happens to be in a folder is none of manifests, and need not even be YAML. */
const RESOURCE = /\b(apiVersion|kind)["']?\s*:/;
const MARKDOWN = /\.(md|markdown)$/i;

/** Reads what is named: files, folders (`recursive`: and those within), `-` for standard input. Throws Failure. */
export async function lintFiles(names: string[], recursive: boolean): Promise<LintFile[]> {
  const found = new Map<string, boolean>();
  for (const name of names) {
    const files = await filesOf(name, recursive);
    if (files.length === 0) {
      const hint = recursive ? '' : '; -R looks into the folders within';
      throw new Failure(ExitCode.Usage, `${name}: no YAML or JSON in this folder${hint}`);
    }
    for (const file of files) found.set(file, found.get(file) === true || file === name);
  }
  const files: LintFile[] = [];
  for (const { file, text } of await readInputs(found.keys())) {
    const isNamed = found.get(file) === true;
    const sourcesOf: LintFile['sourcesOf'] = MARKDOWN.test(file)
      ? (own) => markdownSources(file, own)
      : isNamed || RESOURCE.test(text)
        ? (own) => [{ file, text: own }]
        : () => [{ file, text: '' }];
    files.push({ file, text, sourcesOf });
  }
  return files;
}

async function filesOf(name: string, recursive: boolean): Promise<string[]> {
  if (name === '-') return [name];
  const isFolder = await stat(name).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      throw new Failure(ExitCode.Usage, `${name}: ${messageOf(error)}`);
    },
  );
  if (!isFolder) return [name];
  const files: string[] = [];
  const entries = await readdir(name, { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(name, entry.name);
    const isHidden = entry.name.startsWith('.') || entry.name === 'node_modules';
    if (entry.isDirectory() && recursive && !isHidden) files.push(...(await filesOf(path, true)));
    else if (!entry.isDirectory() && MANIFEST.test(entry.name)) files.push(path);
  }
  return files;
}

/** Writes new texts in the place of old ones: all, or, where one cannot be written, none. Throws Failure. */
export async function replaceFiles(files: { file: string; text: string }[]): Promise<void> {
  const written: { temporary: string; target: string }[] = [];
  try {
    for (const { file, text } of files) {
      const target = await realpath(file);
      const temporary = besides(target);
      const { mode } = await stat(target);
      const handle = await open(temporary, 'wx');
      // From here on it is ours, and ours to remove.
      written.push({ temporary, target });
      try {
        await handle.writeFile(text);
        await handle.chmod(mode);
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
    for (const { temporary, target } of written) await rename(temporary, target);
  } catch (error) {
    for (const { temporary } of written) await rm(temporary, { force: true });
    throw new Failure(ExitCode.Usage, messageOf(error));
  }
}
