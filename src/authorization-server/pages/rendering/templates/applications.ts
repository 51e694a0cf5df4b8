/** The pages about applications, for their owners and for staff. */

export const APPLICATIONS = `<%
const { model, texts } = it;
const t = texts.applications;
const title = model.search ? t.staffTitle : t.title;
layout('@frame', { title });
%>
<div class="heading">
<h1><%= title %></h1>
<a class="button primary" href="<%= model.newUrl %>"><%= t.new %></a>
</div>
<%~ include('@notice') %>
<% if (model.search) { %>
<form method="get" action="<%= model.search.action %>" role="search" class="search">
<div class="field"><label for="client_id"><%= t.clientIdPrefix %></label><input id="client_id" name="client_id" type="search" autocomplete="off" spellcheck="false" maxlength="255" value="<%= model.search.clientId %>"></div>
<div class="field"><label for="user_id"><%= t.ownerId %></label><input id="user_id" name="user_id" type="search" autocomplete="off" spellcheck="false" maxlength="255" value="<%= model.search.userId %>"></div>
<button type="submit"><%= texts.frame.search %></button>
</form>
<% } %>
<% if (model.applications.length === 0) { %>
<p class="empty"><%= model.search || model.paging.newestUrl ? t.noneFound : t.none %></p>
<% } else { %>
<ul class="items">
<% for (const application of model.applications) { %>
<li>
<div class="item-text">
<h2><a href="<%= application.url %>"><bdi><%= application.name %></bdi></a></h2>
<p><code><%= application.clientId %></code></p>
<p class="hint"><%= application.clientType === 'public' ? t.public : t.confidential %><% if (model.search) { %> · <%= t.owner %>: <bdi><%= application.owner ?? t.nobody %></bdi><% } %></p>
</div>
<span class="state <%= application.isDisabled ? 'off' : 'on' %>"><%= application.isDisabled ? t.disabled : t.enabled %></span>
</li>
<% } %>
</ul>
<% } %>
<%~ include('@paging') %>
`;

export const APPLICATION = `<%
const { model, texts } = it;
const t = texts.applications;
const { application } = model;
layout('@frame', { title: application.name });
%>
<p class="back"><a href="<%= model.listUrl %>"><%= t.back %></a></p>
<div class="heading">
<h1><bdi><%= application.name %></bdi></h1>
<span class="state <%= application.isDisabled ? 'off' : 'on' %>"><%= application.isDisabled ? t.disabled : t.enabled %></span>
</div>
<%~ include('@notice') %>
<% if (model.clientSecret) { %>
<section class="secret" aria-labelledby="secret-title">
<h2 id="secret-title"><%= t.secretTitle %></h2>
<p><code id="client-secret"><%= model.clientSecret %></code></p>
<p><%= t.secretOnce %></p>
</section>
<% } %>
<% if (application.trustClearedAtMilliseconds) { %><p class="notice"><%~ it.fillHtml(model.isStaffPage ? t.trustClearedStaff : t.trustCleared, { date: it.date(application.trustClearedAtMilliseconds) }) %></p><% } %>
<dl class="facts">
<div><dt><%= t.clientId %></dt><dd><code><%= application.clientId %></code></dd></div>
<div><dt><%= t.type %></dt><dd><%= application.clientType === 'public' ? t.public : t.confidential %></dd></div>
<div><dt><%= t.grantTypes %></dt><dd><ul><% for (const grantType of application.grantTypes) { %><li><%= texts.applicationForm[grantType] ?? grantType %></li><% } %></ul></dd></div>
<% for (const uris of ['redirectUris', 'postLogoutRedirectUris', 'allowedOrigins']) { %>
<% if (uris === 'redirectUris' || application[uris].length > 0) { %>
<div><dt><%= t[uris] %></dt><dd><% if (application[uris].length > 0) { %><ul><% for (const uri of application[uris]) { %><li><code><%= uri %></code></li><% } %></ul><% } else { %><%= t.nothing %><% } %></dd></div>
<% } %>
<% } %>
<div><dt><%= t.scopes %></dt><dd><% if (!application.scopes) { %><%= t.anyScope %><% } else if (application.scopes.length > 0) { %><%~ include('@scopes', { scopes: application.scopes }) %><% } else { %><%= t.nothing %><% } %></dd></div>
<% if (application.requirePushedAuthorizationRequests) { %><div><dt><%= t.requests %></dt><dd><%= t.pushedRequests %></dd></div><% } %>
<% if (model.isStaffPage) { %>
<div><dt><%= t.owner %></dt><dd><bdi><%= application.owner ?? t.nobody %></bdi></dd></div>
<div><dt><%= t.registrar %></dt><dd><%= t['registeredBy-' + application.registeredBy] %></dd></div>
<div><dt><%= t.consent %></dt><dd><%= application.skipAuthorization ? t.notAsked : t.asked %></dd></div>
<div><dt><%= t.introspection %></dt><dd><%= application.mayIntrospect ? t.introspectsAll : t.introspectsOwn %></dd></div>
<% } %>
<% for (const { field, seconds } of application.lifetimes) { %>
<div><dt><%= texts.applicationForm[field] %></dt><dd><%= seconds %> s</dd></div>
<% } %>
<div><dt><%= t.created %></dt><dd><time datetime="<%= it.isoDate(application.createdAtMilliseconds) %>"><%= it.date(application.createdAtMilliseconds) %></time></dd></div>
</dl>
<div class="choices">
<a class="button" href="<%= application.url %>/edit"><%= t.edit %></a>
<% if (application.hasSecret) { %><a class="button" href="<%= application.url %>/secret"><%= t.rotate %></a><% } %>
<% if (model.isStaffPage) { %><a class="button" href="<%= application.url %>/<%= application.isDisabled ? 'enable' : 'disable' %>"><%= application.isDisabled ? t.enable : t.disable %></a><% } %>
<a class="button danger" href="<%= application.url %>/delete"><%= t.delete %></a>
</div>
`;

export const APPLICATION_FORM = `<%
const { model, texts } = it;
const t = texts.applicationForm;
const { fields } = model;
const problems = Object.entries(model.problems).map(([field, text]) => ({ field, text }));
const title = model.isNew ? t.newTitle : t.editTitle;
layout('@frame', { title, hasProblem: problems.length > 0 });
%>
<h1><%= title %></h1>
<% if (model.application) { %><p><bdi><%= model.application.name %></bdi> <code><%= model.application.clientId %></code></p><% } %>
<% if (model.endsTrust) { %><p class="notice"><%= t.endsTrust %></p><% } %>
<%~ include('@problems', { problems }) %>
<form method="post" action="<%= model.form.action %>" class="sheet">
<%~ include('@hidden', { form: model.form }) %>
<div class="field">
<label for="name"><%= t.name %></label>
<p class="hint" id="name-hint"><%= t.nameHint %></p>
<input id="name" name="name" type="text" autocomplete="off" maxlength="255" required value="<%= fields.name %>" aria-describedby="name-hint<%= model.problems.name ? ' problem' : '' %>"<% if (model.problems.name) { %> aria-invalid="true"<% } %>>
</div>
<% if (model.isNew) { %>
<fieldset id="clientType">
<legend><%= t.clientType %></legend>
<% for (const clientType of ['confidential', 'public']) { %>
<div class="choice">
<input id="type-<%= clientType %>" name="client_type" type="radio" value="<%= clientType %>" required<% if (fields.clientType === clientType) { %> checked<% } %> aria-describedby="type-<%= clientType %>-hint">
<label for="type-<%= clientType %>"><%= t[clientType] %></label>
<p class="hint" id="type-<%= clientType %>-hint"><%= t[clientType + 'Hint'] %></p>
</div>
<% } %>
</fieldset>
<% } %>
<fieldset id="grantTypes">
<legend><%= t.grantTypes %></legend>
<% model.choosableGrantTypes.forEach((grantType, index) => { %>
<div class="choice">
<input id="grant-<%= index %>" name="grant_type" type="checkbox" value="<%= grantType %>"<% if (fields.grantTypes.includes(grantType)) { %> checked<% } %> aria-describedby="grant-<%= index %>-hint">
<label for="grant-<%= index %>"><%= t[grantType] ?? grantType %></label>
<p class="hint" id="grant-<%= index %>-hint"><%= t[grantType + 'Hint'] ?? '' %></p>
</div>
<% }) %>
</fieldset>
<% for (const [field, name, rows] of [['redirectUris', 'redirect_uris', 4], ['postLogoutRedirectUris', 'post_logout_redirect_uris', 2], ['allowedOrigins', 'allowed_origins', 2]]) { %>
<div class="field">
<label for="<%= field %>"><%= t[field] %></label>
<p class="hint" id="<%= field %>-hint"><%= t[field + 'Hint'] %></p>
<textarea id="<%= field %>" name="<%= name %>" rows="<%= rows %>" autocomplete="off" spellcheck="false" aria-describedby="<%= field %>-hint<%= model.problems[field] ? ' problem' : '' %>"<% if (model.problems[field]) { %> aria-invalid="true"<% } %>>
<%= fields[field] %></textarea>
</div>
<% } %>
<fieldset id="scopes" aria-describedby="scopes-hint">
<legend><%= t.scopes %></legend>
<p class="hint" id="scopes-hint"><%= model.choosableScopes.length > 0 ? t.scopesHint : t.noScopes %></p>
<% if (model.offersAnyScope) { %>
<div class="choice"><input id="any-scope" name="any_scope" type="checkbox" value="yes"<% if (fields.anyScope) { %> checked<% } %>><label for="any-scope"><%= t.anyScope %></label></div>
<% } %>
<% model.choosableScopes.forEach((scope, index) => { %>
<div class="choice">
<input id="scope-<%= index %>" name="scope" type="checkbox" value="<%= scope.name %>"<% if (fields.scopes.includes(scope.name)) { %> checked<% } %>>
<label for="scope-<%= index %>"><%= scope.description %><% if (scope.description !== scope.name) { %> <code><%= scope.name %></code><% } %></label>
</div>
<% }) %>
</fieldset>
<div class="field">
<label for="requests"><%= t.requests %></label>
<p class="hint" id="requests-hint"><%= t.requestsHint %></p>
<select id="requests" name="authorization_requests" aria-describedby="requests-hint">
<option value="any"><%= t.anyRequests %></option>
<option value="pushed"<% if (fields.requirePushedAuthorizationRequests) { %> selected<% } %>><%= t.pushedRequests %></option>
</select>
</div>
<% if (model.isStaffPage) { %>
<div class="field">
<label for="userId"><%= t.userId %></label>
<p class="hint" id="user-hint"><%= t.userIdHint %></p>
<input id="userId" name="user_id" type="text" autocomplete="off" spellcheck="false" maxlength="255" value="<%= fields.userId %>" aria-describedby="user-hint<%= model.problems.userId ? ' problem' : '' %>"<% if (model.problems.userId) { %> aria-invalid="true"<% } %>>
</div>
<fieldset id="lifetimes" aria-describedby="lifetimes-hint">
<legend><%= t.lifetimes %></legend>
<p class="hint" id="lifetimes-hint"><%= t.lifetimesHint %></p>
<% for (const [field, value] of Object.entries(fields.lifetimes)) { %>
<div class="field">
<label for="<%= field %>"><%= t[field] %></label>
<input id="<%= field %>" name="<%= field %>" type="text" inputmode="numeric" autocomplete="off" maxlength="10" value="<%= value %>"<% if (model.problems[field]) { %> aria-invalid="true" aria-describedby="problem"<% } %>>
</div>
<% } %>
</fieldset>
<div class="choice"><input id="skip" name="skip_authorization" type="checkbox" value="yes"<% if (fields.skipAuthorization) { %> checked<% } %>><label for="skip"><%= t.skipAuthorization %></label></div>
<% } %>
<div class="choices">
<button class="primary" type="submit"><%= model.isNew ? t.create : t.save %></button>
<a class="button" href="<%= model.cancelUrl %>"><%= texts.frame.cancel %></a>
</div>
</form>
`;
