/* GET /v2/openapi.json against the route table, both ways: paths, methods, parameters
 * of the path, permissions, and what is not served.  A route that is missing here wants
 * a line in src/platform/api/routes.txt (then run openapi.mjs). */
#include "chain/chain.h"
#include "platform/core/api.h"
#include "support/fake_device.h"

static struct fake_platform *w;
static json_t *doc;

static int begin(void **state)
{
    (void)state;
    w = fake_platform_new();
    assert_int_equal(
        fake_http(w, (struct fake_http){.method = "GET", .path = "/v2/openapi.json"}),
        200); /* nobody has signed in, nothing is set up */
    doc = json_incref(w->reply);
    assert_non_null(doc);
    return 0;
}

static int end(void **state)
{
    (void)state;
    json_decref(doc);
    fake_platform_free(w);
    return 0;
}

static const json_t *operation(const char *path, const char *method)
{
    char lower[16] = {0};

    for (size_t i = 0; method[i] != '\0' && i + 1 < sizeof lower; i++) {
        lower[i] = (char)(method[i] - 'A' + 'a');
    }
    return json_object_get(json_object_get(json_object_get(doc, "paths"), path), lower);
}

static const char *perm_word(enum cs_pc_perm p)
{
    switch ((int)p) {
    case CS_PERM_ANY:
        return "any";
    case CS_PERM_USER:
        return "user";
    case CS_PERM_OPEN:
        return "open";
    case CS_PERM_SIGN_IN:
        return "sign-in";
    default:
        return cs_pc_perm_word(p);
    }
}

static bool is_served(const struct cs_route *r)
{
    return r->run != cs_api_instead && r->run != cs_api_device_side &&
           r->run != cs_api_quorum_modify;
}

/* The {names} of the pattern are the parameters of the path, in order. */
static void same_parameters(const struct cs_route *r, const json_t *op)
{
    const json_t *all = json_object_get(op, "parameters");
    const char *p = r->pattern;
    char name[64];

    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *one = json_array_get(all, i);

        if (strcmp(cs_js_text(one, "in"), "path") != 0) {
            continue;
        }
        p = strchr(p, '{');
        if (p == NULL) {
            fail_msg("%s %s: the document has too many parameters", r->method,
                     r->pattern);
            return;
        }
        (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(p + 1, "}"), p + 1);
        assert_string_equal(cs_js_text(one, "name"), name);
        assert_true(cs_js_true(one, "required"));
        p++;
    }
    assert_null(strchr(p, '{'));
}

static void every_route_is_in_the_document(void **state)
{
    size_t missing = 0;

    (void)state;
    for (size_t i = 0; cs_route_at(i) != NULL; i++) {
        const struct cs_route *r = cs_route_at(i);
        const json_t *op = operation(r->pattern, r->method);

        if (op == NULL) {
            print_error("%s %s [%s] is not in src/platform/api/routes.txt\n", r->method,
                        r->pattern, perm_word(r->perm));
            missing++;
            continue;
        }
        if (strcmp(cs_js_text(op, "x-permission"), perm_word(r->perm)) != 0) {
            print_error("%s %s needs '%s'\n", r->method, r->pattern,
                        perm_word(r->perm));
            missing++;
        }
        if (cs_js_true(op, "x-not-served") == is_served(r)) {
            print_error("%s %s: is it served?\n", r->method, r->pattern);
            missing++;
        }
        same_parameters(r, op);
    }
    assert_int_equal(missing, 0);
}

static void what_wants_a_step_up_says_so(void **state)
{
    (void)state;
    for (size_t i = 0; cs_route_at(i) != NULL; i++) {
        const struct cs_route *r = cs_route_at(i);
        const char *text = cs_js_text(operation(r->pattern, r->method), "description");
        bool says = strstr(text, "Wants a step-up of a user") != NULL;

        if (says != cs_route_wants_step_up(r)) {
            fail_msg("%s %s: the document %s of a step-up", r->method, r->pattern,
                     says ? "speaks" : "says nothing");
        }
    }
}

static bool has_route(const char *path, const char *method)
{
    for (size_t i = 0; cs_route_at(i) != NULL; i++) {
        const struct cs_route *r = cs_route_at(i);

        if (strcmp(r->pattern, path) == 0 && strcasecmp(r->method, method) == 0) {
            return true;
        }
    }
    return false;
}

static void every_operation_of_the_document_is_a_route(void **state)
{
    const char *path, *method;
    json_t *ops, *op;
    size_t n = 0;

    (void)state;
    json_object_foreach(json_object_get(doc, "paths"), path, ops)
    {
        json_object_foreach(ops, method, op)
        {
            if (!has_route(path, method)) {
                fail_msg("%s %s is not a route", method, path);
            }
            assert_true(strlen(cs_js_text(op, "summary")) > 3);
            n++;
        }
    }
    assert_true(n > 100);
}

/* ---- inside the document ------------------------------------------------- */

static const json_t *resolve(const char *ref)
{
    const json_t *at = doc;
    char part[64];

    assert_int_equal(strncmp(ref, "#/", 2), 0);
    for (const char *p = ref + 2; at != NULL && *p != '\0';) {
        size_t n = strcspn(p, "/");

        (void)snprintf(part, sizeof part, "%.*s", (int)n, p);
        at = json_object_get(at, part);
        p += n + (p[n] == '/' ? 1 : 0);
    }
    return at;
}

static size_t walk(const json_t *v)
{
    const char *key;
    json_t *inside;
    size_t n = 0, i;

    if (json_is_object(v)) {
        json_object_foreach((json_t *)(uintptr_t)v, key, inside)
        {
            if (strcmp(key, "$ref") == 0 && json_is_string(inside)) {
                if (resolve(json_string_value(inside)) == NULL) {
                    fail_msg("nothing is at %s", json_string_value(inside));
                }
                n++;
            }
            n += walk(inside);
        }
    }
    json_array_foreach(v, i, inside)
    {
        n += walk(inside);
    }
    return n;
}

static void every_reference_leads_somewhere(void **state)
{
    (void)state;
    assert_true(walk(doc) > 300);
}

/* What people copy from the page has to be a request of that shape. */
static void every_body_has_an_example_with_what_is_required(void **state)
{
    const char *path, *method;
    json_t *ops, *op, *name;
    size_t i, n = 0;

    (void)state;
    json_object_foreach(json_object_get(doc, "paths"), path, ops)
    {
        json_object_foreach(ops, method, op)
        {
            const json_t *body = json_object_get(op, "requestBody");
            const json_t *json = json_object_get(json_object_get(body, "content"),
                                                 "application/json");
            const json_t *schema = json_object_get(json, "schema");
            const json_t *example = json_object_get(json, "example");
            const char *ref = cs_js_text(schema, "$ref");

            if (body == NULL) {
                continue;
            }
            if (example == NULL) {
                fail_msg("%s %s has no example", method, path);
            }
            n++;
            schema = ref[0] == '\0' ? schema : resolve(ref);
            json_array_foreach(json_object_get(schema, "required"), i, name)
            {
                if (json_object_get(example, json_string_value(name)) == NULL) {
                    fail_msg("%s %s: the example lacks %s", method, path,
                             json_string_value(name));
                }
            }
        }
    }
    assert_true(n > 20);
}

static void every_blockchain_is_in_the_document(void **state)
{
    const json_t *words = json_object_get(resolve("#/components/schemas/V2Blockchain"),
                                          "enum");
    size_t i = 0, n = 0;
    json_t *word;

    (void)state;
    for (; cs_chain_at(n) != NULL; n++) {
        bool found = false;

        json_array_foreach(words, i, word)
        {
            found = found || strcmp(json_string_value(word), cs_chain_at(n)->name) == 0;
        }
        if (!found) {
            fail_msg("%s is not in shapes.txt (V2Blockchain)", cs_chain_at(n)->name);
        }
    }
    assert_int_equal(n, json_array_size(words));
}

static void it_is_only_read_and_has_an_etag(void **state)
{
    (void)state;
    assert_int_equal(
        fake_http(w, (struct fake_http){.method = "POST", .path = "/v2/openapi.json"}),
        405);
    assert_string_equal(cs_js_text(doc, "openapi"), "3.1.0");
    assert_int_equal(
        fake_http(w, (struct fake_http){.method = "GET", .path = "/v2/openapi.json"}),
        200);
    assert_non_null(strstr(w->headers, "etag: \""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_in_the_document),
        cmocka_unit_test(what_wants_a_step_up_says_so),
        cmocka_unit_test(every_operation_of_the_document_is_a_route),
        cmocka_unit_test(every_reference_leads_somewhere),
        cmocka_unit_test(every_body_has_an_example_with_what_is_required),
        cmocka_unit_test(every_blockchain_is_in_the_document),
        cmocka_unit_test(it_is_only_read_and_has_an_etag),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
