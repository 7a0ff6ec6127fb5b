import { parse } from 'yaml';
import { readFileSync } from 'node:fs';
import { Difference } from '../target.ts';
import { strictJson } from '../oracles.ts';
import { JSON_WORDS } from './json.ts';
import { parserTarget } from './parser.ts';

const oracle = (name: string): object[] =>
  readFileSync(`envoy-tests/oracle/${name}.yaml`, 'utf8')
    .split(/^---$/m)
    .map((document) => parse(document) as object);
const mesh = parse(readFileSync('envoy-tests/oracle/mesh-config.yaml', 'utf8')) as object;
const configuration = (resources: object[], settings: object = {}): string =>
  JSON.stringify({ workload: { namespace: 'istio-system' }, ...settings, resources });

const WORDS = [
  ...[
    '"resources"',
    '"spec"',
    '"rules"',
    '"from"',
    '"source"',
    '"principals"',
    '"to"',
    '"operation"',
    '"when"',
    '"key"',
  ],
  ...[
    '"values"',
    '"jwtRules"',
    '"jwks"',
    '"action":"DENY"',
    '"action":"CUSTOM"',
    '"mtls":{"mode":"STRICT"}',
    '"*"',
  ],
  ...[
    '"metadata"',
    '"0.0.0.0/0"',
    '"::/0"',
    '"/{**}"',
    '"{*}"',
    '"clockSkew":"1s"',
    '"enforcement":"SHADOW"',
    '"name"',
  ],
];

/** Plugin configurations: taken only where they are JSON, and what is taken has no more to say. */
export const configurations = parserTarget({
  name: 'configuration',
  shape: 'document',
  share: 0.5,
  seeds: [
    configuration(oracle('task')),
    configuration(oracle('issuers')),
    configuration(oracle('custom-plain'), mesh),
    configuration(oracle('peers'), {
      trustDomain: 'td1',
      connectionFacts: { directAddress: 'a', peerCertificate: 'b', localUris: 'c' },
    }),
    configuration([], {
      xfcc: { forward: 'SANITIZE' },
      tokenCache: { maxTokens: 10 },
      debugHeaders: true,
    }),
  ],
  dictionary: [...WORDS, ...JSON_WORDS],
  check({ module }, { bytes, length }, at) {
    const problems = module.exports.configurationProblems(at, length);
    if (problems > 0) return problems;
    const value = strictJson(bytes.subarray(0, length))?.value;
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      throw new Difference('the module has taken what is no object of JSON');
    }
    return 0;
  },
});
