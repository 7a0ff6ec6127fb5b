// The module as an OCI image, in the form that Istio's agent takes: one layer, tar and gzip, with `plugin.wasm` in it.
// https://github.com/opencontainers/image-spec
import { createHash } from 'node:crypto';
import { createTar } from 'nanotar';
import { storedGzip } from './stored-gzip.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
/** The agent looks for no other; the module itself runs wherever Envoy does. */
const PLATFORM = { architecture: 'amd64', os: 'linux' };

/** What goes into an image. */
export interface ImageContents {
  /** By name; one of them must be `plugin.wasm`. */
  files: Record<string, Uint8Array | string>;
  /** Labels and annotations: `org.opencontainers.image.…` */
  labels: Record<string, string>;
  /** `NAME:TAG`, for tools that load the image. */
  tag?: string;
  /** Seconds since the Unix epoch: of the image, and of every file in it. */
  created: number;
}

/** The files of an OCI image layout, and the digest of its manifest. */
export interface ImageLayout {
  files: Map<string, Uint8Array>;
  /** `sha256:…`: what `sha256` of a WasmPlugin and a reference by digest name. */
  digest: string;
}

/** Builds the image. The same contents give the same bytes, on every machine. */
export function imageLayout({ files, labels, tag, created }: ImageContents): ImageLayout {
  const layout = new Map<string, Uint8Array>();
  const add = (data: Uint8Array): { digest: string; size: number } => {
    const digest = sha256(data);
    layout.set(`blobs/sha256/${digest}`, data);
    return { digest: `sha256:${digest}`, size: data.length };
  };
  const tar = tarOf(new Map(Object.entries(files)), created);
  const layer = add(storedGzip(tar));
  const time = new Date(created * 1000).toISOString().replace('.000Z', 'Z');
  const config = add(
    json({
      created: time,
      ...PLATFORM,
      config: { Labels: labels },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(tar)}`] },
      history: [{ created: time, created_by: 'portcullis package' }],
    }),
  );
  const manifest = add(
    json({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { mediaType: CONFIG, ...config },
      layers: [{ mediaType: LAYER, ...layer }],
      annotations: labels,
    }),
  );
  const reference = tag === undefined ? {} : { 'org.opencontainers.image.ref.name': tagOf(tag) };
  layout.set('oci-layout', json({ imageLayoutVersion: '1.0.0' }));
  layout.set(
    'index.json',
    json({
      schemaVersion: 2,
      mediaType: INDEX,
      manifests: [{ mediaType: MANIFEST, ...manifest, platform: PLATFORM, annotations: reference }],
    }),
  );
  // For `docker load`, which reads no index before Docker 25.
  const blob = (digest: string): string => `blobs/sha256/${digest.slice('sha256:'.length)}`;
  layout.set(
    'manifest.json',
    json([
      {
        Config: blob(config.digest),
        RepoTags: tag === undefined ? null : [tag],
        Layers: [blob(layer.digest)],
      },
    ]),
  );
  return { files: layout, digest: manifest.digest };
}

/** A layout in one file: `oci-archive:` for skopeo, and what `docker load` takes. */
export function layoutArchive({ files }: ImageLayout, created: number): Uint8Array {
  return tarOf(files, created);
}

/** A tar whose headers say nothing of where it was made; names in order. */
function tarOf(files: Map<string, Uint8Array | string>, mtime: number): Uint8Array {
  const entries = [...files]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, data]) => ({ name, data }));
  const attrs = { mtime: mtime * 1000, mode: '644', uid: 0, gid: 0, user: 'root', group: 'root' };
  return createTar(entries, { attrs });
}

function tagOf(tag: string): string {
  return tag.includes(':') ? tag.slice(tag.lastIndexOf(':') + 1) : 'latest';
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
