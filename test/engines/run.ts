/** `npm run test:engines`: finds Trino, dbt and cfn-lint, or says which tests are skipped and why, then runs the others. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { CFN_LINT, DBT, findPythonTool, NoPythonToolError } from './python-tools.ts';
import { findTrino, NoTrinoError } from './trino-files.ts';

/** What is needed as variables; null if it cannot be had here. */
async function variablesOf(
  engine: string,
  find: () => Promise<Readonly<Record<string, string>>>,
): Promise<Readonly<Record<string, string>> | null> {
  try {
    return await find();
  } catch (error) {
    if (!(error instanceof NoTrinoError || error instanceof NoPythonToolError)) throw error;
    process.stdout.write(`The tests with ${engine} are skipped. ${error.message}\n`);
    return null;
  }
}

const trino = await variablesOf('Trino', async () => {
  const { home, java } = await findTrino();
  return { TRINO_HOME: home, TRINO_JAVA: java };
});
const dbt = await variablesOf('dbt', async () => ({ DBT: await findPythonTool(DBT) }));
const linter = await variablesOf('cfn-lint', async () => ({ CFN_LINT: await findPythonTool(CFN_LINT) }));
const files = [
  ...(trino === null ? [] : ['test/engines/views.test.ts']),
  ...(dbt === null ? [] : ['test/engines/dbt.test.ts']),
  ...(linter === null ? [] : ['test/engines/cfn-lint.test.ts']),
];
if (files.length > 0) {
  const tests = spawn('vitest', ['run', '--config', 'test/engines/vitest.config.ts', ...files], {
    stdio: 'inherit',
    env: { ...process.env, ...trino, ...dbt, ...linter },
  });
  const [code] = (await once(tests, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
}
