/** A Chromium for the tests: the machine's own, or Debian's package where this may be installed. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Seconds: where the package server is slow, the tests go without. */
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

/** Installs Debian's package; only root on a Debian can, which in practice is a container. */
function install(): void {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return;
  try {
    apt(['update'], UPDATE_SECONDS);
    apt(['install', '--yes', '--no-install-recommends', 'chromium'], INSTALL_SECONDS);
  } catch {
    // Without a network, or too slow: the tests say that they were skipped.
  }
}

/** Path of a Chromium; undefined where there is none and none could be installed. */
export function chromiumPath(): string | undefined {
  const found = installed();
  if (found !== undefined) return found;
  install();
  return installed();
}

export const NO_CHROMIUM =
  'SKIPPED, no Chromium here: install the package chromium, or set CHROMIUM_PATH to one';

/** Headless, and calling nobody but the pages it is told to open. */
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
