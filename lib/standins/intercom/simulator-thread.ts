import { parentPort, workerData } from 'node:worker_threads';
import { startSimulator } from './start.ts';
import type { ThreadOptions } from './start-thread.ts';

const DAY_MS = 86_400_000;

const { days, ...options }: ThreadOptions = workerData;
const simulator = await startSimulator({ ...options, now: () => Date.now() + days * DAY_MS });
for (let day = 1; day <= days; day += 1) simulator.workspace.simulateDay(day);
parentPort?.postMessage({ url: simulator.url, token: simulator.token });
