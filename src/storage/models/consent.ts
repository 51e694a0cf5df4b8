import { StoredModel } from './stored-model.js';

/** What a user has allowed an application; one row per pair. */
export class Consent extends StoredModel {
  static override tableName = 'oauth2_consents';
  static override numericProperties: readonly string[] = ['applicationId'];

  userId!: string;
  applicationId!: number;
  /** Scopes, separated by spaces. */
  scope!: string;
  createdAtMs!: number;
  updatedAtMs!: number;
}
