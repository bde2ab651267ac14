/** Functions in the process of a test, which replaces their clock and limits and observes them. */
import type { Metrics } from '../../../functions/core/ports.ts';
import type { Overrides } from '../../../functions/runtime.ts';
import type { LocalPipelineOptions } from '../../../lib/cli/local/local-pipeline.ts';
import { RECONNECT } from '../../../lib/cli/local/local-settings.ts';
import { createHandler } from '../../../lib/cli/local/workflow-functions.ts';
import type { IsolatedHandler } from '../../../lib/standins/aws/workflow/isolate.ts';

const NO_METRICS: Metrics = { record: () => undefined };

/** Makes each function when it is first called, as a thread does. */
export const inProcess =
  (
    overrides: Overrides,
    around: (handler: IsolatedHandler) => IsolatedHandler = (handler) => handler,
  ): LocalPipelineOptions['startHost'] =>
  (configPath) => ({
    handlerOf: (called) => {
      let handler: IsolatedHandler | undefined;
      return (event, context) => {
        handler ??= around(
          createHandler(called, configPath, { metrics: NO_METRICS, reconnect: RECONNECT, ...overrides }),
        );
        return handler(event, context);
      };
    },
    close: async () => undefined,
  });
