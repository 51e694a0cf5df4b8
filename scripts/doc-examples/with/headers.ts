declare const headers: Record<string, string>;
