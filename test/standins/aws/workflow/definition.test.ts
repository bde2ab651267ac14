import { expect, it } from 'vitest';
import { parseDefinition } from '../../../../lib/standins/aws/workflow/definition.ts';

/** A regression: the library ends a Task after 60 seconds, and it sees our Map as a Task. */
it('gives the Task that stands for a Map weeks, because a Map has no timeout', () => {
  const { machine } = parseDefinition({
    StartAt: 'Work',
    States: {
      Work: {
        Type: 'Map',
        MaxConcurrency: 1,
        ItemProcessor: { StartAt: 'Done', States: { Done: { Type: 'Succeed' } } },
        End: true,
      },
    },
  });
  expect(machine.States.Work).toMatchObject({ Type: 'Task', TimeoutSeconds: 2_147_483 });
});
