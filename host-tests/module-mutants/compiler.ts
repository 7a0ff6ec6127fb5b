// The AssemblyScript compiler, as far as its parser is needed. Its own declarations are kept out: they bring AssemblyScript's library,
// in which `Array.at` is never undefined, into the types of every file.

/** A piece of the syntax tree. Its other fields are its children, by kind. */
export interface Node {
  kind: number;
  range: { start: number; end: number; source: unknown };
}

interface Program {
  sources: { text: string; statements: Node[] }[];
}

interface Compiler {
  NodeKind: Record<string, number>;
  newOptions: () => object;
  newProgram: (options: object) => Program;
  parse: (program: Program, text: string, path: string, isEntry: boolean) => void;
}

const name: string = 'assemblyscript';
export const { NodeKind, newOptions, newProgram, parse } = (await import(name)) as Compiler;
