// `package` as it is installed: an OCI image, the same bytes every time.
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseTar } from 'nanotar';
import { afterAll, describe, expect, it } from 'vitest';
import { storedGzip } from '../../istio/oci/stored-gzip.ts';
import { portcullis } from './portcullis.ts';

const folder = mkdtempSync(join(tmpdir(), 'portcullis-package-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
const module = readFileSync('build/portcullis.wasm');

describe('gzip without compression', () => {
  it.each([0, 1, 0xffff, 0x10000, 0x1ffff])('of %d bytes is read by every reader', (length) => {
    const data = randomBytes(length);
    expect(gunzipSync(storedGzip(data)).equals(data)).toBe(true);
  });
});

describe('package', () => {
  it('writes a layout whose blobs are what their digests say, with the module in its last layer', async () => {
    const out = join(folder, 'image');
    const { code, stdout } = await portcullis(['package', '--out', out, '-o', 'json']);
    expect(code).toBe(0);
    const { image, module: own } = JSON.parse(stdout) as { image: string; module: string };
    expect(own).toBe(`sha256:${sha256(module)}`);

    const blobs = readdirSync(join(out, 'blobs/sha256'));
    for (const name of blobs) {
      expect(sha256(readFileSync(join(out, 'blobs/sha256', name)))).toBe(name);
    }
    const read = (digest: string): Buffer =>
      readFileSync(join(out, 'blobs/sha256', digest.replace('sha256:', '')));
    const index = JSON.parse(readFileSync(join(out, 'index.json'), 'utf8')) as {
      manifests: { digest: string; platform: object }[];
    };
    expect(index.manifests).toMatchObject([
      { digest: image, platform: { os: 'linux', architecture: 'amd64' } },
    ]);
    const manifest = JSON.parse(read(image).toString()) as {
      config: { digest: string; size: number };
      layers: { mediaType: string; digest: string; size: number }[];
    };
    expect(manifest.layers).toHaveLength(1);
    const [layer] = manifest.layers;
    expect(layer!.mediaType).toBe('application/vnd.oci.image.layer.v1.tar+gzip');
    expect(read(layer!.digest).length).toBe(layer!.size);
    const tar = gunzipSync(read(layer!.digest));
    const config = JSON.parse(read(manifest.config.digest).toString()) as {
      config: { Labels: Record<string, string> };
      rootfs: { diff_ids: string[] };
    };
    expect(config.rootfs.diff_ids).toEqual([`sha256:${sha256(tar)}`]);
    expect(config.config.Labels).toMatchObject({
      'org.opencontainers.image.licenses': 'Apache-2.0',
    });
    const files = parseTar(tar);
    expect(files.map(({ name }) => name)).toEqual(['LICENSE', 'plugin.wasm', 'sbom.spdx.json']);
    expect(sha256(files[1]!.data!)).toBe(sha256(module));
    expect(JSON.parse(files[2]!.text)).toMatchObject({
      spdxVersion: 'SPDX-2.3',
      packages: [
        { name: 'portcullis', checksums: [{ checksumValue: sha256(module) }] },
        { name: 'as-proxy-wasm-sdk' },
        { name: 'assemblyscript' },
      ],
    });
  });

  it('gives the same bytes every time, and others for another time', async () => {
    const bytes = async (name: string, env: Record<string, string> = {}): Promise<string> => {
      const out = join(folder, name);
      const { code } = await portcullis(['package', '--out', out, '--tag', 'a/b:1'], '', env);
      expect(code).toBe(0);
      return sha256(readFileSync(out));
    };
    const first = await bytes('one.tar');
    expect(await bytes('two.tar', { TZ: 'Asia/Tokyo', LC_ALL: 'C' })).toBe(first);
    expect(await bytes('one.tar', { SOURCE_DATE_EPOCH: '1700000000' })).not.toBe(first);
  });

  const has = (program: string, ...args: string[]): boolean =>
    spawnSync(program, args).status === 0;

  it.skipIf(!has('skopeo', '--version'))(
    'writes what skopeo reads, folder and file alike (skipped where there is no skopeo)',
    async () => {
      const file = join(folder, 'skopeo.tar');
      const { stdout } = await portcullis(['package', '--out', file, '-o', 'json']);
      const { image } = JSON.parse(stdout) as { image: string };
      const args = ['inspect', '--format', '{{.Digest}}'];
      for (const source of [`oci-archive:${file}`, `oci:${join(folder, 'image')}`]) {
        const read = spawnSync('skopeo', [...args, source], { encoding: 'utf8' });
        expect({ source, said: read.stdout.trim() || read.stderr }).toEqual({
          source,
          said: image,
        });
      }
    },
  );

  it.skipIf(!has('docker', 'info'))(
    'writes what docker load takes (skipped where no Docker engine runs)',
    async () => {
      const file = join(folder, 'docker.tar');
      await portcullis(['package', '--out', file, '--tag', 'portcullis-package-test:1']);
      const loaded = spawnSync('docker', ['load', '-i', file], { encoding: 'utf8' });
      expect(loaded.stdout).toContain('Loaded image: portcullis-package-test:1');
      spawnSync('docker', ['rmi', 'portcullis-package-test:1']);
    },
  );

  it('replaces an image of its own, and nothing else', async () => {
    const other = join(folder, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'precious'), '');
    const { code, stderr } = await portcullis(['package', '--out', other]);
    expect(code).toBe(2);
    expect(stderr).toContain('there is something else in this folder');
    expect(readdirSync(other)).toEqual(['precious']);
    const again = await portcullis(['package', '--out', join(folder, 'image')]);
    expect(again.code).toBe(0);
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it.each<[string, string[], string, Record<string, string>]>([
    ['a module that is not there', ['--wasm', 'none.wasm'], 'none.wasm: ', {}],
    ['a module that is none', ['--wasm', 'package.json'], 'is no WebAssembly module', {}],
    ['a tag without a name', ['--tag', ':1'], '--tag :1', {}],
    ['a folder that is not there', ['--out', '/no/such/image.tar'], '--out /no/such', {}],
    ['a time that is none', [], 'SOURCE_DATE_EPOCH=soon', { SOURCE_DATE_EPOCH: 'soon' }],
  ])('names %s, and writes nothing', async (_, args, message, env) => {
    const out = join(folder, 'nothing.tar');
    const { code, stderr } = await portcullis(['package', '--out', out, ...args], '', env);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(existsSync(out)).toBe(false);
  });
});
