/** One Lambda environment: its own environment variables and modules; a message is an invocation. */
import { parentPort, workerData } from 'node:worker_threads';

const { handler } = await import(workerData.module);

parentPort.on('message', async ({ id, event, deadlineMs }) => {
  const context = { getRemainingTimeInMillis: () => deadlineMs - Date.now() };
  try {
    parentPort.postMessage({ id, result: (await handler(event, context)) ?? null });
  } catch (error) {
    parentPort.postMessage({ id, error: { name: error.name, message: error.message } });
  }
});
