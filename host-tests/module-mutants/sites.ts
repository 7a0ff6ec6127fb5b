// Where a fault can be put into the module, found by the compiler's own parser: a comparison turned, a condition dropped or forced, a
// call or an assignment left out, a bound moved by one.
import { type Node, NodeKind, newOptions, newProgram, parse } from './compiler.ts';

/** One fault: a piece of a file, and what stands in its place while the fault is on. */
export interface Mutant {
  id: number;
  file: string;
  line: number;
  operator: string;
  original: string;
  mutated: string;
  start: number;
  end: number;
  /** A statement that is left out, rather than an expression with another value. */
  isStatement: boolean;
}

/** What is known when an expression is read. */
interface Place {
  file: string;
  text: string;
  limits: ReadonlySet<string>;
  add: (fault: Omit<Mutant, 'id' | 'file' | 'line'>) => void;
}

const TURNED: Record<string, string[]> = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '==': ['!='],
  '!=': ['=='],
  '===': ['!=='],
  '!==': ['==='],
};

/** What the compiler must know before anything runs, and what it reasons with: null checks make a reference usable. */
const FIXED = /\b(null|isDefined|isReference|isManaged|idof|sizeof|offsetof|FAULTS|super)\b/;

/** The faults of one file; ids go on from `first`. `limits`: names whose values are bounds. */
export function mutantsOf(
  file: string,
  text: string,
  limits: ReadonlySet<string>,
  first: number,
): Mutant[] {
  const program = newProgram(newOptions());
  parse(program, text, file, true);
  const source = program.sources.find((one) => one.text === text);
  if (source === undefined) throw new Error(`${file}: not read`);
  const found: Mutant[] = [];
  const lines = lineStarts(text);
  const place: Place = {
    file,
    text,
    limits,
    add: (fault) => {
      const line = lines.findLastIndex((start) => start <= fault.start) + 1;
      found.push({ id: first + found.length, file, line, ...fault });
    },
  };
  for (const statement of source.statements) visit(statement, place, false);
  return found;
}

function lineStarts(text: string): number[] {
  return [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
}

type Fields = Record<string, unknown>;

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'range' in value && 'kind' in value;
}

/** `runs`: whether it is code that runs, and not the value of a global, which the compiler may want to know. */
function visit(node: Node, place: Place, runs: boolean): void {
  const { kind } = node;
  if (kind <= NodeKind.Parameter! || kind === NodeKind.Decorator || kind === NodeKind.Import)
    return;
  // The compiler demands what a constructor assigns.
  const { name } = node as unknown as { name?: { text?: string } };
  if (kind === NodeKind.MethodDeclaration && name?.text === 'constructor') return;
  if (runs) mutate(node, place);
  const inside =
    runs || kind === NodeKind.FunctionDeclaration || kind === NodeKind.MethodDeclaration;
  for (const [name, value] of Object.entries(node as unknown as Fields)) {
    // A declaration's own name and an access's member are no expressions.
    if (['range', 'name', 'property', 'label', 'decorators'].includes(name)) continue;
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child) && child.range.source === node.range.source) visit(child, place, inside);
    }
  }
}

function mutate(node: Node, place: Place): void {
  const fields = node as unknown as Record<string, Node>;
  const original = textOf(node, place);
  const put = (operator: string, mutated: string): void => {
    place.add({ operator, original, mutated, ...node.range, isStatement: false });
  };
  switch (node.kind) {
    case NodeKind.Binary:
      return mutateBinary(node, place, put);
    case NodeKind.UnaryPrefix:
      if (original.startsWith('!') && !FIXED.test(original)) put('negation', `!${original}`);
      return;
    case NodeKind.True:
      // The compiler knows that `while (true)` does not end by itself.
      if (!/while \($/.test(place.text.slice(0, node.range.start))) put('constant', 'false');
      return;
    case NodeKind.False:
      return put('constant', 'true');
    case NodeKind.Identifier:
      if (!place.limits.has(original)) return;
      put('bound', `(${original} + 1)`);
      return put('bound', `(${original} - 1)`);
    case NodeKind.If:
    case NodeKind.Ternary:
      return force(fields.condition!, place, ['true', 'false']);
    case NodeKind.While:
    case NodeKind.For:
      if (fields.condition) force(fields.condition, place, ['false']);
      return;
    case NodeKind.Return:
      if (fields.value && isCall(fields.value) && !FIXED.test(original))
        return forceBool(fields.value, place);
      return;
    case NodeKind.Expression:
      return dropStatement(node, place);
  }
}

function mutateBinary(node: Node, place: Place, put: (o: string, m: string) => void): void {
  const { left, right } = node as unknown as { left: Node; right: Node };
  const between = place.text.slice(left.range.end, right.range.start);
  const sign = /(===|!==|==|!=|<=|>=|<<|>>|&&|\|\||[<>+*/%&|^-])(?!=)/.exec(between)?.[1] ?? '';
  const [a, b] = [textOf(left, place), textOf(right, place)];
  const isFixed = FIXED.test(a) || FIXED.test(b);
  for (const turned of TURNED[sign] ?? []) if (!isFixed) put('comparison', `${a} ${turned} ${b}`);
  if ((sign === '&&' || sign === '||') && !isFixed) {
    put('logic', `${a} ${sign === '&&' ? '||' : '&&'} ${b}`);
    put('dropped condition', a);
    put('dropped condition', b);
  }
  if ((sign === '+' || sign === '-') && b === '1') put('arithmetic', a);
}

/** A condition that is neither a comparison nor made of others: those have faults of their own. */
function force(condition: Node, place: Place, values: string[]): void {
  if (
    condition.kind === NodeKind.Binary ||
    condition.kind === NodeKind.True ||
    FIXED.test(textOf(condition, place))
  )
    return;
  const original = textOf(condition, place);
  for (const mutated of values) {
    place.add({ operator: 'condition', original, mutated, ...condition.range, isStatement: false });
  }
}

/** What asks by name (`isX`, `hasX`, `matches…`) answers with a bool. */
function forceBool(call: Node, place: Place): void {
  const original = textOf(call, place);
  if (!/^(this\.)?([\w.]+\.)?(is|has|matches|holds|may|can|wants)[A-Z]?\w*\(/.test(original))
    return;
  for (const mutated of ['true', 'false']) {
    place.add({ operator: 'answer', original, mutated, ...call.range, isStatement: false });
  }
}

function isCall(node: Node): boolean {
  return node.kind === NodeKind.Call;
}

function dropStatement(node: Node, place: Place): void {
  const { expression } = node as unknown as { expression: Node };
  const original = textOf(node, place);
  const isAssignment = expression.kind === NodeKind.Binary && /^(this\.)?[\w.]+ = /.test(original);
  const isBuiltin = /^(unchecked|store|memory|super)\b/.test(original);
  if (!(isCall(expression) || isAssignment) || /\bsuper\b/.test(original)) return;
  if (isBuiltin && !isAssignment && /^(memory\.data|super)/.test(original)) return;
  const { start, end } = node.range;
  // The semicolon goes with it: an `else` may follow.
  const after = place.text[end] === ';' ? end + 1 : end;
  place.add({
    operator: isAssignment ? 'dropped assignment' : 'dropped call',
    original,
    mutated: '',
    start,
    end: after,
    isStatement: true,
  });
}

/** On one line, without comments: lines stay where they are. */
function textOf(node: Node, { text }: Place): string {
  return text
    .slice(node.range.start, node.range.end)
    .replace(/\/\/[^\n]*/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
