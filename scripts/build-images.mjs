// `make images`: the images of the docker runtime from what this machine has: Envoy from its wheel, node, curl and a shell with the
// libraries that they need. No registry of images is asked.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findEnvoy } from '../build/js/envoy/binary.js';

const run = (program, ...args) => execFileSync(program, args, { encoding: 'utf8' });
const which = (name) => realpathSync(run('sh', '-c', `command -v ${name}`).trim());

/** The libraries of a program, at the paths where it looks for them. */
function librariesOf(program) {
  const lines = run('ldd', program).split('\n');
  return lines.flatMap((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}

/** Builds an image of programs (path within it → path here), files (likewise), and lines of a Dockerfile. */
function build(tag, programs, files, lines) {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-image-'));
  const root = join(folder, 'root');
  const add = (path, from) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    cpSync(from, join(root, path), { dereference: true, recursive: true });
  };
  try {
    for (const [path, from] of Object.entries(programs)) {
      add(path, from);
      for (const library of librariesOf(from)) add(library, library);
    }
    for (const [path, from] of Object.entries(files)) add(path, from);
    mkdirSync(join(root, 'tmp'), { recursive: true });
    writeFileSync(
      join(folder, 'Dockerfile'),
      ['FROM scratch', 'COPY root /', 'ENV PATH=/usr/local/bin:/usr/bin:/bin', ...lines, ''].join(
        '\n',
      ),
    );
    run('docker', 'build', '--quiet', '--tag', tag, folder);
    console.log(`${tag}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const envoy = await findEnvoy();
build('portcullis/envoy', { '/usr/local/bin/envoy': envoy.path }, {}, ['ENTRYPOINT ["envoy"]']);
build(
  'portcullis/httpbin',
  { '/usr/local/bin/node': process.execPath },
  {
    '/app/envoy/apps': 'build/js/envoy/apps',
    '/app/envoy/errors.js': 'build/js/envoy/errors.js',
    '/app/package.json': 'package.json',
  },
  ['ENTRYPOINT ["node", "/app/envoy/apps/httpbin-main.js"]'],
);
const shell = Object.fromEntries(
  ['sh', 'sleep', 'cat', 'env', 'ls'].map((name) => [`/usr/bin/${name}`, which(name)]),
);
build(
  'portcullis/sleep',
  { ...shell, '/bin/sh': which('sh'), '/usr/bin/curl': which('curl') },
  {},
  ['ENTRYPOINT ["sleep", "infinity"]'],
);
