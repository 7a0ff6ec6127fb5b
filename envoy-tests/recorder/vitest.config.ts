import { mergeConfig } from 'vitest/config';
import shared from '../../vitest.config.ts';

/** The tests whose native answers are written down, and the random policies for which no test asks as much. */
const CASES = [
  'attributes',
  'ext-authz',
  'issuers',
  'metadata',
  'native-parity',
  'peers',
  'tokens',
];

// Lists are joined when configurations are.
const test = { ...shared.test, include: [] };

export default mergeConfig(
  { test },
  {
    test: {
      include: [
        ...CASES.map((name) => `envoy-tests/${name}.test.ts`),
        'envoy-tests/recorder/random-*.ts',
      ],
    },
  },
);
