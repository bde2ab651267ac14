/** The process of an extractor: its bundle, and nothing else that takes memory. Its parent sends it events. */
import { pathToFileURL } from 'node:url';

export interface Invocation {
  readonly event: unknown;
  readonly deadlineMs: number;
}

export type Answer = { readonly result: unknown } | { readonly name: string; readonly message: string };

const { handler } = await import(pathToFileURL(process.argv[2] ?? '').href);

process.on('message', async ({ event, deadlineMs }: Invocation) => {
  const context = { getRemainingTimeInMillis: () => deadlineMs - Date.now() };
  try {
    process.send?.({ result: (await handler(event, context)) ?? null } satisfies Answer);
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    process.send?.({ name, message } satisfies Answer);
  }
});
process.on('disconnect', () => process.exit());
