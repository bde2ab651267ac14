/** Runs inside a thread that runs functions, like Lambda's runtime in its sandbox. `isolates.ts` is the outside. */
import { parentPort } from 'node:worker_threads';

/** The part of Lambda's context that a thread can offer. */
export interface IsolateContext {
  /** 0 once the execution is aborted. */
  getRemainingTimeInMillis(): number;
}

export type IsolatedHandler = (event: unknown, context: IsolateContext) => Promise<unknown>;

/** An invocation, or the end of the execution that called it. */
export type IsolateOrder =
  | {
      readonly kind: 'invoke';
      readonly id: number;
      /** ARN of the function. */
      readonly arn: string;
      readonly event: unknown;
      /** When its time is over, in epoch ms. */
      readonly deadlineMs: number;
    }
  | { readonly kind: 'abort'; readonly id: number };

/** The answer to an invocation, or notes of functions that are running. */
export type IsolateReport =
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | {
      readonly kind: 'error';
      readonly id: number;
      readonly name: string;
      readonly message: string;
      readonly trace: readonly string[];
    }
  | { readonly kind: 'notes'; readonly notes: readonly unknown[] };

/** Notes are sent together: each message wakes the process, which costs both threads more than the note itself. */
const NOTES_MS = 50;

let notes: unknown[] = [];
let timer: NodeJS.Timeout | null = null;

const post = (what: IsolateReport): void => parentPort?.postMessage(what);

function postNotes(): void {
  clearTimeout(timer ?? undefined);
  timer = null;
  if (notes.length === 0) return;
  post({ kind: 'notes', notes });
  notes = [];
}

/** Sends the process a note before the answer. It must be plain data. */
export function tellProcess(note: unknown): void {
  notes.push(note);
  timer ??= setTimeout(postNotes, NOTES_MS);
}

/** Sends an answer, after all notes before it. */
function report(what: IsolateReport): void {
  postNotes();
  post(what);
}

function errorReport(id: number, error: unknown): IsolateReport {
  if (!(error instanceof Error))
    return { kind: 'error', id, name: typeof error, message: String(error), trace: [] };
  const { name, message, stack } = error;
  return { kind: 'error', id, name, message, trace: stack?.split('\n') ?? [] };
}

/**
 * Serves invocations for as long as the thread lives.
 * @param handlerOf the handler of a function, by its ARN; called for every invocation, so it should keep its handlers
 */
export function serveInvocations(handlerOf: (arn: string) => IsolatedHandler): void {
  const aborted = new Set<number>();
  parentPort?.on('message', async (order: IsolateOrder) => {
    const { id } = order;
    if (order.kind === 'abort') {
      aborted.add(id);
      return;
    }
    const { arn, event, deadlineMs } = order;
    const context = {
      getRemainingTimeInMillis: () => (aborted.has(id) ? 0 : Math.max(0, deadlineMs - Date.now())),
    };
    try {
      report({ kind: 'result', id, result: (await handlerOf(arn)(event, context)) ?? null });
    } catch (error) {
      report(errorReport(id, error));
    } finally {
      aborted.delete(id);
    }
  });
}
