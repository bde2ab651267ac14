import type {
  IPolicyValidationContext,
  IPolicyValidationPlugin,
  PolicyValidationPluginReport,
  PolicyViolation,
} from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ACKNOWLEDGEMENTS, type Acknowledgement } from './acknowledgements.ts';

/** The path of a construct below its stack. */
const pathInStack = (constructPath: string): string => constructPath.slice(constructPath.indexOf('/') + 1);

const covers = ({ finding, at }: Acknowledgement, ruleName: string, constructPath: string): boolean =>
  finding.test(ruleName) && at.test(pathInStack(constructPath));

const FIX = 'Change it, or give the reason in lib/stacks/acknowledgements.ts.';

/** The findings without a reason. */
export function unacknowledged(
  violations: readonly PolicyViolation[],
  acknowledgements: readonly Acknowledgement[] = ACKNOWLEDGEMENTS,
): PolicyViolation[] {
  return violations.flatMap((violation) => {
    const violatingResources = violation.violatingResources.filter(
      ({ constructPath = '' }) =>
        !acknowledgements.some((one) => covers(one, violation.ruleName, constructPath)),
    );
    return violatingResources.length === 0 ? [] : [{ ...violation, violatingResources, fix: FIX }];
  });
}

/**
 * Runs cdk-nag's AWS Solutions rules in every synthesis. cdk-nag acknowledges one literal finding at one construct at a
 * time. Ours are one table of patterns that a reviewer can read from top to bottom.
 */
export class AwsSolutions implements IPolicyValidationPlugin {
  readonly name = 'AwsSolutions';
  readonly #checks = new AwsSolutionsChecks();

  validate(context: IPolicyValidationContext): PolicyValidationPluginReport {
    const violations = unacknowledged(this.#checks.validate(context).violations);
    return { success: violations.length === 0, violations };
  }
}
