/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claim: nothing from a database becomes markup, and pictures in a page do not mix. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "html.h"

static void markup_is_escaped(void **state)
{
    struct vs_text out = {0};

    (void)state;
    vs_html_text(&out, "<a href=\"x\">&'\t\x01\n</a>");
    assert_string_equal(vs_text_or_empty(&out),
                        "&lt;a href=&quot;x&quot;&gt;&amp;&#39;  \n&lt;/a&gt;");
    vs_text_free(&out);
    vs_html_element(&out, "td class=\"n\"", "4 % of 3 <b>");
    assert_string_equal(vs_text_or_empty(&out), "<td class=\"n\">4&nbsp;% of 3 &lt;b&gt;</td>");
    vs_text_free(&out);
}

static void write_temporary(char *path, const char *content)
{
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    close(fd);
}

static void pictures_keep_their_identifiers_apart(void **state)
{
    char path[] = "/tmp/vs-html-XXXXXX";
    struct vs_text out = {0};
    struct vs_error error = VS_ERROR_INIT;

    (void)state;
    write_temporary(path, "<?xml version=\"1.0\"?>\n<svg \n width=\"1\"\n xmlns=\"http://a\"\n "
                          "xmlns:xlink=\"http://b\"\n>\n<!-- c --><circle id='gpDot'/>"
                          "<use xlink:href='#gpDot'/><g fill=\"url(#f)\" id=\"f\"/></svg>");
    assert_int_equal(vs_html_inline_svg(&out, path, "p1-", "a \"label\"", &error), 0);
    const char *text = vs_text_or_empty(&out);

    assert_null(strstr(text, "http"));
    assert_null(strstr(text, "<?xml"));
    assert_null(strstr(text, "<!--"));
    assert_non_null(strstr(text, "aria-label=\"a &quot;label&quot;\""));
    assert_non_null(strstr(text, "id='p1-gpDot'"));
    assert_non_null(strstr(text, "xlink:href='#p1-gpDot'"));
    assert_non_null(strstr(text, "url(#p1-f)"));
    assert_non_null(strstr(text, "id=\"p1-f\""));
    assert_non_null(strstr(text, "width=\"1\""));
    vs_text_free(&out);
    unlink(path);
}

static void what_is_no_picture_is_refused(void **state)
{
    char path[] = "/tmp/vs-html-XXXXXX";
    struct vs_text out = {0};
    struct vs_error error = VS_ERROR_INIT;

    (void)state;
    write_temporary(path, "no picture");
    assert_int_equal(vs_html_inline_svg(&out, path, "p", "l", &error), VS_ERR_INPUT);
    unlink(path);
    error = (struct vs_error)VS_ERROR_INIT;
    assert_int_equal(vs_html_inline_svg(&out, path, "p", "l", &error), VS_ERR_HOST);
    vs_text_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markup_is_escaped),
        cmocka_unit_test(pictures_keep_their_identifiers_apart),
        cmocka_unit_test(what_is_no_picture_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
