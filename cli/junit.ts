// Results in the form of JUnit's XML, which every CI server reads.
import type { Result } from './test-suite.ts';

/** The report: a test suite a file, a test case a case. */
export function junitReport(results: Result[]): string {
  const files = [...new Set(results.map(({ file }) => file))];
  const suites = files.map((file) => {
    const own = results.filter((result) => result.file === file);
    const failed = own.filter(({ failures }) => failures.length > 0).length;
    const cases = own.map(({ name, failures, seconds }) => {
      const open = `    <testcase classname="${escaped(file)}" name="${escaped(name)}" time="${seconds.toFixed(6)}"`;
      if (failures.length === 0) return `${open}/>\n`;
      const text = escaped(failures.join('\n'));
      return `${open}>\n      <failure message="${escaped(failures[0]!)}">${text}</failure>\n    </testcase>\n`;
    });
    return `  <testsuite name="${escaped(file)}" tests="${own.length}" failures="${failed}">\n${cases.join('')}  </testsuite>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join('')}</testsuites>\n`;
}

const ENTITIES: Record<string, string> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  '\n': '&#10;',
};

/** XML 1.0 has no place for most control characters. */
function escaped(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '\ufffd')
    .replace(/[<>&"\n]/g, (character) => ENTITIES[character]!);
}
