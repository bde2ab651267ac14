/** One Lambda environment: its own environment variables and modules. */
import { workerData } from 'node:worker_threads';
import { serveInvocations } from '../../../lib/standins/aws/workflow/isolate.ts';

const { handler } = await import(workerData);

serveInvocations(() => handler);
