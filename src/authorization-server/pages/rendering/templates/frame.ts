/** The layout of all pages. `body` is the HTML of the page; everything else is escaped. */
export const FRAME = `<!doctype html>
<html lang="<%= it.frame.language %>" dir="<%= it.frame.direction %>">
<head>
<meta charset="utf-8">
<title><%= it.hasProblem ? it.fillText(it.texts.frame.problemTitle, { title: it.title }) : it.title %> · <%= it.frame.siteName %></title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<% if (it.refreshTo) { %>
<meta http-equiv="refresh" content="0; url=<%= it.refreshTo %>">
<% } %>
<link rel="stylesheet" href="<%= it.frame.stylesheet %>">
</head>
<body class="<%= it.frame.links ? 'wide' : 'narrow' %>">
<a class="skip" href="#content"><%= it.texts.frame.skip %></a>
<header class="site">
<p class="site-name"><bdi><%= it.frame.siteName %></bdi></p>
<% if (it.frame.links) { %>
<nav aria-label="<%= it.texts.frame.navigation %>">
<ul>
<% for (const link of it.frame.links) { %>
<li><a href="<%= link.href %>"<% if (link.isCurrent) { %> aria-current="page"<% } %>><%= link.text %></a></li>
<% } %>
</ul>
<p class="viewer"><%~ it.fillHtml(it.texts.frame.signedInAs, { user: it.model.viewer.name }) %>
<% if (it.frame.signOut) { %><a href="<%= it.frame.signOut %>"><%= it.texts.frame.signOut %></a><% } %></p>
</nav>
<% } %>
</header>
<main id="content" tabindex="-1">
<%~ it.body %>
</main>
</body>
</html>
`;

/** The hidden fields of a form. */
export const HIDDEN = `<% for (const [name, value] of Object.entries(it.form.hidden)) { %>
<input type="hidden" name="<%= name %>" value="<%= value %>">
<% } %>
`;

/** The notice about what was just done. */
export const NOTICE = `<% if (it.model.notice) { %>
<p class="notice" role="status"><%= it.texts.notices[it.model.notice] %></p>
<% } %>
`;

/** The problems with the input: \`problems\` is a list of \`{ field, text }\`. */
export const PROBLEMS = `<% if (it.problems.length > 0) { %>
<div class="problem" role="alert" id="problem">
<h2><%= it.texts.frame.problem %></h2>
<ul>
<% for (const problem of it.problems) { %>
<li><a href="#<%= problem.field %>"><%= problem.text %></a></li>
<% } %>
</ul>
</div>
<% } %>
`;

/** The links between the parts of a list. */
export const PAGING = `<% if (it.model.paging.newestUrl || it.model.paging.olderUrl) { %>
<nav aria-label="<%= it.texts.frame.paging %>" class="choices">
<% if (it.model.paging.newestUrl) { %><a class="button" href="<%= it.model.paging.newestUrl %>"><%= it.texts.frame.newest %></a><% } %>
<% if (it.model.paging.olderUrl) { %><a class="button" rel="next" href="<%= it.model.paging.olderUrl %>"><%= it.texts.frame.older %></a><% } %>
</nav>
<% } %>
`;

/** Scopes with their descriptions. */
export const SCOPES = `<ul class="scopes">
<% for (const scope of it.scopes) { %>
<li><span class="scope-text"><%= scope.description %></span><% if (scope.description !== scope.name) { %> <code><%= scope.name %></code><% } %></li>
<% } %>
</ul>
`;
