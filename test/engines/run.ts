/** `npm run test:engines`: finds Trino or says why the tests are skipped, then runs them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { findTrino, NoTrinoError, type TrinoFiles } from './trino-files.ts';

async function trinoOrNull(): Promise<TrinoFiles | null> {
  try {
    return await findTrino();
  } catch (error) {
    if (!(error instanceof NoTrinoError)) throw error;
    process.stdout.write(`The tests on Trino are skipped. ${error.message}\n`);
    return null;
  }
}

const trino = await trinoOrNull();
if (trino !== null) {
  const tests = spawn('vitest', ['run', '--config', 'test/engines/vitest.config.ts'], {
    stdio: 'inherit',
    env: { ...process.env, TRINO_HOME: trino.home, TRINO_JAVA: trino.java },
  });
  const [code] = (await once(tests, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
}
