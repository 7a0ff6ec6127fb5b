// `make docs`: writes what the documentation says of the sources.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { generatedDocs } from './generated-docs.ts';

for (const [file, text] of await generatedDocs()) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
