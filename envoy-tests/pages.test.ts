// The pages that start Envoys, typed line by line: the README, the tutorial, and others. Those that need none: host-tests/docs/pages.test.ts.
import { describe, expect, it } from 'vitest';
import { findEnvoy } from '../envoy/binary.ts';
import { PAGES, runPage, startsEnvoys } from '../host-tests/docs/pages/run-page.ts';

describe('typed line by line,', () => {
  // One after the other: each has a mesh.
  it.each(PAGES.filter(startsEnvoys))(
    '%s does what it says',
    { timeout: 600_000 },
    async (page) => {
      const { path } = await findEnvoy();
      expect(await runPage(page, { ENVOY_BIN: path })).toEqual([]);
    },
  );
});
