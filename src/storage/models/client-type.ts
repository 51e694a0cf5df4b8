/** RFC 6749 §2.1: whether the application can keep a secret. */
export type ClientType = 'confidential' | 'public';
