/** Java and the files of Trino: its server and the plugin for Hive from Maven Central, kept in the user's cache. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

const VERSION = '476';
const NEEDED_JAVA = 24;
const MAVEN_CENTRAL = 'https://repo1.maven.org/maven2';
const CACHE = join(homedir(), '.cache', 'intercom-s3-pipeline', `trino-${VERSION}`);

/** 450 MB in all. */
const DOWNLOAD_TIMEOUT_MS = 240_000;

interface Artifact {
  readonly path: string;
  readonly sha256: string;
}

const SERVER: Artifact = {
  path: `io/trino/trino-server-core/${VERSION}/trino-server-core-${VERSION}.tar.gz`,
  sha256: '0f388f9967c177ae70a47c099082fc95387f0c3cb96d8000d1d41fc3a5223158',
};
const HIVE_PLUGIN: Artifact = {
  path: `io/trino/trino-hive/${VERSION}/trino-hive-${VERSION}.zip`,
  sha256: '611bacdb07d9f3cf7b9d47f97ecc76fa2e7ff8bfe8a9728c3d06adc1bfb8662e',
};

export interface TrinoFiles {
  /** The program `java`. */
  readonly java: string;
  /** Folder with `lib` and `plugin`. */
  readonly home: string;
}

/** Trino cannot be had on this machine; nothing is wrong with the project. */
export class NoTrinoError extends Error {
  override readonly name = 'NoTrinoError' as const;
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const namesIn = (folder: string): Promise<readonly string[]> => readdir(folder).catch(() => []);

/** The major version that a JDK's own `release` file states; 0 if there is no JDK. */
async function majorVersion(javaHome: string): Promise<number> {
  const text = await readFile(join(javaHome, 'release'), 'utf8').catch(() => '');
  return Number(/^JAVA_VERSION="(\d+)/m.exec(text)?.[1] ?? 0);
}

/** A JDK, not only a runtime: `jar` unpacks the plugin. */
async function findJdk(): Promise<string> {
  const jvms = '/usr/lib/jvm';
  const homes = [process.env.JAVA_HOME ?? '', ...(await namesIn(jvms)).map((name) => join(jvms, name))];
  for (const home of homes) {
    if ((await majorVersion(home)) >= NEEDED_JAVA && (await exists(join(home, 'bin', 'jar')))) return home;
  }
  throw new NoTrinoError(`Trino ${VERSION} needs a JDK ${NEEDED_JAVA} or newer in JAVA_HOME or ${jvms}.`);
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

async function download({ path, sha256 }: Artifact, folder: string): Promise<string> {
  const url = `${MAVEN_CENTRAL}/${path}`;
  const file = join(folder, path.slice(path.lastIndexOf('/') + 1));
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS) });
    if (!answer.ok || answer.body === null) throw new Error(`status ${answer.status}`);
    await pipeline(Readable.fromWeb(answer.body), createWriteStream(file));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new NoTrinoError(`Trino could not be downloaded from ${url}: ${why}.`, { cause });
  }
  const found = await sha256Of(file);
  if (found !== sha256) throw new Error(`${url} has the SHA-256 ${found} instead of ${sha256}.`);
  return file;
}

/** Downloads and unpacks beside the cache, then renames: what is in the cache is whole. */
async function install(jdk: string): Promise<void> {
  const folder = `${CACHE}.${process.pid}`;
  try {
    await mkdir(folder, { recursive: true });
    const server = await download(SERVER, folder);
    const plugin = await download(HIVE_PLUGIN, folder);
    const skipped = ['--exclude=*/plugin', '--exclude=*/secrets-plugin'];
    await run('tar', ['xzf', server, '-C', folder, '--strip-components=1', ...skipped]);
    await mkdir(join(folder, 'plugin'));
    await run(join(jdk, 'bin', 'jar'), ['xf', plugin], { cwd: join(folder, 'plugin') });
    await Promise.all([rm(server), rm(plugin)]);
    await rename(folder, CACHE);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @throws NoTrinoError if there is no Java for it, or no way to Maven Central
 */
export async function findTrino(): Promise<TrinoFiles> {
  const jdk = await findJdk();
  await mkdir(dirname(CACHE), { recursive: true });
  if (!(await exists(CACHE))) await install(jdk);
  return { java: join(jdk, 'bin', 'java'), home: CACHE };
}
