/** A Chromium for the tests: the machine's own, or Debian's package if it can be installed. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Seconds. If the package server is slower, the tests run without a browser. */
const UPDATE_SECONDS = 60;
const INSTALL_SECONDS = 300;

const APT = ['-qq', '-o', 'Acquire::Retries=0', '-o', 'Acquire::http::Timeout=15'];

const installed = (): string | undefined =>
  [process.env.CHROMIUM_PATH ?? '', ...PLACES].find((path) => path !== '' && existsSync(path));

function apt(args: readonly string[], seconds: number): void {
  execFileSync('/usr/bin/apt-get', [...APT, ...args], {
    stdio: 'ignore',
    timeout: seconds * 1000,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}

/** Installs Debian's package, as root on a Debian, which in practice is a container. */
function install(): void {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return;
  try {
    apt(['update'], UPDATE_SECONDS);
    apt(['install', '--yes', '--no-install-recommends', 'chromium'], INSTALL_SECONDS);
  } catch {
    // No network, or too slow: the tests report that they were skipped.
  }
}

/** Path of a Chromium; undefined if there is none and none could be installed. */
export function chromiumPath(): string | undefined {
  const found = installed();
  if (found !== undefined) return found;
  install();
  return installed();
}

export const NO_CHROMIUM =
  'SKIPPED, no Chromium here: install the package chromium, or set CHROMIUM_PATH to one';

/** Headless, and without requests of its own. */
export const launch = (executablePath: string): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
