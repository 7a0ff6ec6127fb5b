// The module's error lines, brought back to the file that the resource came from.
import { codeOfMessage } from './lint/module-codes.ts';
import type { Resource } from './load.ts';
import type { Problem } from './problem.ts';

const RESOURCE_LINE = /^config: resources\[(\d+)\](.*)$/s;
/** The path of something that is missing: what stands before the first colon, if no blank is in it. */
const PATH = /^([^\s:]+): (.*)$/s;

/** Turns the lines `config: …` of the module's log into problems with a place. */
export function locateErrors(lines: string[], resources: Resource[]): Problem[] {
  return lines.map((line) => {
    const [, index, rest] = RESOURCE_LINE.exec(line) ?? [];
    const resource = resources[Number(index)];
    if (resource !== undefined) {
      const text = withoutSubject(rest!, resource);
      const { path, message } = pathAndMessage(text, resource);
      return problemOf(resource, path, message);
    }
    const message = line.replace(/^config: /, '');
    // Of one resource alone, everything is.
    if (resources.length === 1) return problemOf(resources[0]!, '', message);
    const file = resources[0]?.file ?? '-';
    return { file, line: 1, column: 1, code: codeOfMessage(message), level: 'error', message };
  });
}

/** Without ` KIND NAMESPACE/NAME: `: the names may be anything, colons included. */
function withoutSubject(text: string, { kind, namespace, name }: Resource): string {
  const subjects = [` ${kind} ${namespace}/${name}: `, ` ${kind}: `, ': '];
  const subject = subjects.find((one) => text.startsWith(one));
  return subject === undefined ? text.trimStart() : text.slice(subject.length);
}

/** What leads somewhere in the resource is a path, whatever the names on the way have in them. */
function pathAndMessage(text: string, resource: Resource): { path: string; message: string } {
  for (let at = text.indexOf(': '); at >= 0; at = text.indexOf(': ', at + 1)) {
    const path = text.slice(0, at);
    if (resource.at(path) !== undefined) return { path, message: text.slice(at + 2) };
  }
  const [, path = '', message = text] = PATH.exec(text) ?? [];
  return { path, message };
}

function problemOf(resource: Resource, path: string, message: string): Problem {
  return {
    file: resource.file,
    ...resource.locate(path),
    code: codeOfMessage(message),
    level: 'error',
    resource: `${resource.kind} ${resource.namespace}/${resource.name}`,
    path,
    message,
  };
}
