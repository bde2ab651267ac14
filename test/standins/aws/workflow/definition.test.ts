import { expect, it } from 'vitest';
import { parseDefinition } from '../../../../lib/standins/aws/workflow/definition.ts';

/** A regression: the library ends a Task after 60 seconds, and a Map of ours is a Task to it. */
it('gives the Task that stands for a Map weeks, as a Map has no time-out', () => {
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
