// The module's error lines, brought back to the file that the resource came from.
import { codeOfMessage } from './lint/module-codes.ts';
import type { Resource } from './load.ts';
import type { Problem } from './problem.ts';

const RESOURCE_LINE = /^config: resources\[(\d+)\](.*)$/s;
/** What follows where the resource is named otherwise than here, or not at all. */
const SUBJECT = /^(?: [^:]*)?: (.*)$/s;
/** A path is what stands before the first colon, if it looks like one. */
const PATH = /^((?:[\w/.-]+(?:\[\d+\])*\.?)+): (.*)$/s;

/** Turns the lines `config: …` of the module's log into problems with a place. */
export function locateErrors(lines: string[], resources: Resource[]): Problem[] {
  return lines.map((line) => {
    const match = RESOURCE_LINE.exec(line);
    const resource = match ? resources[Number(match[1])] : undefined;
    if (match === null || resource === undefined) {
      const message = line.replace(/^config: /, '');
      const file = resources[0]?.file ?? '-';
      return { file, line: 1, column: 1, code: codeOfMessage(message), level: 'error', message };
    }
    const title = `${resource.kind} ${resource.namespace}/${resource.name}`;
    const rest = match[2]!;
    const told = rest.startsWith(` ${title}: `)
      ? rest.slice(title.length + 3)
      : (SUBJECT.exec(rest)?.[1] ?? rest);
    const [, path, message] = PATH.exec(told) ?? [undefined, '', told];
    return {
      file: resource.file,
      ...resource.locate(path),
      code: codeOfMessage(message),
      level: 'error',
      resource: title,
      path,
      message,
    };
  });
}
