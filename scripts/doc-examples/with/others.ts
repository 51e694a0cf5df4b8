declare const others: {
  readonly database: string;
  readonly issuer: string;
  readonly encryptionKeys: readonly string[];
};
