import {
  type ActionOfDocument,
  type DocumentDifference,
  DocumentedSecurity,
  differencesTo,
} from '../resource-server/openapi-security/index.js';
import { leavesOf, TokenMatchesOASRequirements } from '../resource-server/permissions/index.js';
import { type ActionReference, actionName } from './action-reference.js';
import type { ActionPlan } from './plan.js';

/** An action, and its plan if it can be served. */
export interface ComparedAction {
  readonly action: Pick<ActionReference, 'controller' | 'method' | 'verb' | 'path'>;
  readonly plan: ActionPlan | undefined;
}

/** A difference, and the position of the action to name it with. */
export interface PlacedDifference {
  readonly position: number;
  readonly text: string;
}

/**
 * The differences between the OpenAPI documents that guard some of these actions, and all of them. One that is about no
 * action is placed with the first action that asks its document.
 */
export function documentDifferences(actions: readonly ComparedAction[]): PlacedDifference[] {
  const asked = actions.map(({ plan }) => documentsOf(plan));
  return [...new Set(asked.flat())].flatMap((document) => {
    const compared = actions.map(
      ({ action, plan }, position): ActionOfDocument => ({
        name: actionName(action),
        verb: action.verb,
        path: action.path,
        asksDocument: asked[position]?.includes(document) === true,
        isPlanned: plan !== undefined,
        isPublic: plan !== undefined && plan.requirement === undefined,
      }),
    );
    const first = compared.findIndex(({ asksDocument }) => asksDocument);
    const place = ({ action, text }: DocumentDifference): PlacedDifference => ({
      position: action === undefined ? first : compared.indexOf(action),
      text,
    });
    return differencesTo(document, compared).map(place);
  });
}

function documentsOf(plan: ActionPlan | undefined): DocumentedSecurity[] {
  return (plan?.requirement?.permissions ?? []).flatMap(leavesOf).flatMap((permission) => {
    if (!(permission instanceof TokenMatchesOASRequirements)) return [];
    const { requiredAlternateScopes } = permission;
    return requiredAlternateScopes instanceof DocumentedSecurity ? [requiredAlternateScopes] : [];
  });
}
