// The linter of the module finds what it is there to find.
import { describe, expect, it } from 'vitest';
import { lintText } from '../../scripts/lint-assembly.mjs';

describe('the rules of the module', () => {
  it.each([
    ['throw new Error("x");', 'throw is a trap'],
    ['const a = b!.c;', 'non-null assertion'],
    ['call(b!);', 'non-null assertion'],
    ['return b!;', 'non-null assertion'],
    ['unreachable();', 'this is a trap'],
    ['assert(x);', 'this is a trap'],
    ['const a = map.get(key);', 'Map.get traps'],
    ['if (map.has(other)) map.get(key);', 'Map.get traps'],
    ['if (memory.grow(1) < 0) return 0;', 'memory grows in'],
    ['this.id = constant(name);', 'never freed'],
    ['this.path = propertyPathOf(parts);', 'never freed'],
  ])('refuse %s', (line, message) => {
    expect(lintText(`a;\n${line}\n`)).toEqual([expect.stringContaining(message)]);
    expect(lintText(`a;\n${line}\n`)[0]).toMatch(/^2: /);
  });

  it.each([
    'if (a != b) return;',
    'if (!a.b) return;',
    '// throw away',
    'const text = "throw it";',
    'if (!map.has(key)) return 0;\nreturn map.get(key);',
    '// This trap is meant: a test.\nunreachable();',
    'const NAME = constant("name");',
    '// Made once.\nthis.id = constant(name);',
  ])('let pass %s', (text) => {
    expect(lintText(text)).toEqual([]);
  });
});
