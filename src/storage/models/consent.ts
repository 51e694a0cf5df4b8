import { StoredModel } from './stored-model.js';

/** What a user has allowed an application; one row per pair. */
export class Consent extends StoredModel {
  static override tableName = 'oauth2_consents';
  static override numericProperties: readonly string[] = ['applicationId'];

  userId!: string;
  applicationId!: number;
  /** Scopes, separated by spaces. */
  scope!: string;
  /** Scopes that the application was given without asking, since staff had decided so. */
  unaskedScope!: string | null;
  createdAtMs!: number;
  updatedAtMs!: number;
}
