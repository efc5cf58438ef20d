/* SPDX-License-Identifier: MIT */
#include "crashes/export.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rt/point.h"
#include "crashes/explain.h"
#include "fuzz/token.h"

#define LINE_LEN 512

struct writer {
	FILE *out;
	const struct scenario *s;
	const struct explanation *e;
	const char *file;
	char *text;    /* the canonical text of the scenario */
	bool numbered; /* tables of tasks are called by number: not every name is an identifier */
};

/* ---- C --------------------------------------------------------------------------------------------------------- */

static void put_string(FILE *out, const char *text, size_t len)
{
	fputc('"', out);
	for (size_t i = 0; i < len; i++) {
		u8 c = (u8)text[i];

		if (c == '"' || c == '\\' || c == '?')
			fprintf(out, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			fprintf(out, "\\%03o", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

/* Text inside of a comment, which it can neither end nor seem to begin; two question marks begin a trigraph. */
static void put_commented(FILE *out, const char *text, size_t len)
{
	static const char pairs[][2] = {{'*', '/'}, {'/', '*'}, {'?', '?'}};

	for (size_t i = 0; i < len; i++) {
		fputc(text[i], out);
		for (size_t j = 0; i + 1 < len && j < ARRAY_SIZE(pairs); j++) {
			if (text[i] == pairs[j][0] && text[i + 1] == pairs[j][1])
				fputc(' ', out);
		}
	}
}

static void put_comment_lines(FILE *out, const char *text)
{
	while (*text) {
		size_t line = strcspn(text, "\n"), len = line;

		while (len && text[len - 1] == ' ')
			len--;
		fputs(len ? " * " : " *", out);
		put_commented(out, text, len);
		fputc('\n', out);
		text += line + (text[line] == '\n');
	}
}

static void put_comment(FILE *out, const char *text)
{
	fputs("\t/* ", out);
	put_commented(out, text, strlen(text));
	fputs(" */\n", out);
}

static void put_entry(FILE *out, const char *text)
{
	fputc('\t', out);
	put_string(out, text, strlen(text));
	fputs(",\n", out);
}

static void put_table_of(FILE *out, const char *name)
{
	fprintf(out, "static const char *const %s[] = {\n", name);
}

static void end_table(FILE *out)
{
	fputs("\tNULL,\n};\n\n", out);
}

/* The rest of the first line of the canonical text that begins with @keyword; false if there is none. */
static bool find_line(const struct writer *w, const char *keyword, const char **line, size_t *len)
{
	size_t key = strlen(keyword);

	for (const char *at = w->text; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		if (strncmp(at, keyword, key) != 0 || at[key] != ' ')
			continue;
		at += key;
		*line = at + strspn(at, " ");
		*len = strcspn(*line, "\n");
		return true;
	}
	return false;
}

/* ---- the head -------------------------------------------------------------------------------------------------- */

static int put_head(const struct writer *w)
{
	char *token = malloc(TOKEN_MAX);

	if (!token || token_encode(w->s, token, TOKEN_MAX) < 0) {
		free(token);
		return -ENOMEM;
	}
	fputs("/*\n", w->out);
	put_comment_lines(w->out, w->s->name[0] ? w->s->name : "A failure of the memory-hotplug core");
	fputs(" *\n * It happens here again, step by step. Build and run:\n *\n *   cc ", w->out);
	put_commented(w->out, w->file, strlen(w->file));
	fputs(" $(pkg-config --cflags --libs pfnstorm) -o repro && ./repro\n *\n", w->out);
	put_comment_lines(w->out, w->e->page);
	fprintf(w->out,
		" *\n"
		" * Exit status: 1 it failed with the same signature, 0 it did not fail, 4 it failed in another way, 3 "
		"the schedule\n"
		" * does not fit this library, 2 the scenario does not.\n"
		" *\n"
		" * ./repro SWITCH=VALUE... sets designs and bugs, as a fix would. The tables below are in the words "
		"of\n"
		" * docs/scenario.md of pfnstorm. The same run by the tool, which can also explain, minimise and "
		"explore it:\n"
		" *\n"
		" *   pfnstorm replay %s\n"
		" */\n"
		"#include <stdio.h>\n#include <string.h>\n\n#include <pfnstorm.h>\n\n",
		token);
	free(token);
	return 0;
}

/* ---- the scenario ---------------------------------------------------------------------------------------------- */

static void put_op(const struct writer *w, const struct op *op)
{
	char line[LINE_LEN];

	put_comment(w->out, op_info_by_id(op->id)->help);
	scenario_print_op(w->s, op, line, sizeof(line));
	put_entry(w->out, line);
}

static bool put_switches(const struct writer *w)
{
	const struct switches *sw = &w->s->machine.sw;
	char line[LINE_LEN];
	bool any = false;

	for (u32 i = 0; i < NR_DESIGNS + NR_BUGS; i++) {
		bool design = i < NR_DESIGNS;

		if (design ? sw->design[i] == design_infos[i].default_alternative : !sw->bug[i - NR_DESIGNS])
			continue;
		if (!any)
			put_table_of(w->out, "switches");
		any = true;
		put_comment(w->out, design ? alternative_infos[sw->design[i]].text : bug_infos[i - NR_DESIGNS].summary);
		if (design)
			snprintf(line, sizeof(line), "%s=%s", design_infos[i].name,
				 alternative_infos[sw->design[i]].name);
		else
			snprintf(line, sizeof(line), "%s=on", bug_infos[i - NR_DESIGNS].name);
		put_entry(w->out, line);
	}
	if (any)
		end_table(w->out);
	return any;
}

static bool put_laws(const struct writer *w)
{
	const struct law_set *laws = &w->s->laws;

	if (!laws_count(laws))
		return false;
	fputs("/* Checked at each step, not only at the end. */\n", w->out);
	put_table_of(w->out, "laws");
	for (u32 law = 0; core_law_name(law); law++)
		if (laws_have(laws, law))
			put_entry(w->out, core_law_name(law));
	end_table(w->out);
	return true;
}

static bool is_identifier(const char *name)
{
	for (; *name; name++) {
		if (!isalnum((u8)*name) && *name != '_')
			return false;
	}
	return true;
}

static void table_name(const struct writer *w, u32 task, char *buf, size_t size)
{
	if (w->numbered)
		snprintf(buf, size, "ops_of_task%u", task);
	else
		snprintf(buf, size, "ops_of_%s", w->s->task[task].name);
}

static void put_tasks(const struct writer *w)
{
	char name[RT_TASK_NAME_MAX + 16];

	for (u32 i = 0; i < w->s->nr_tasks; i++) {
		table_name(w, i, name, sizeof(name));
		put_table_of(w->out, name);
		for (u32 j = 0; j < w->s->task[i].nr_ops; j++)
			put_op(w, &w->s->task[i].op[j]);
		end_table(w->out);
	}
	fputs("static const struct pfnstorm_task tasks[] = {\n", w->out);
	for (u32 i = 0; i < w->s->nr_tasks; i++) {
		table_name(w, i, name, sizeof(name));
		fputs("\t{", w->out);
		put_string(w->out, w->s->task[i].name, strlen(w->s->task[i].name));
		fprintf(w->out, ", %u, %s},\n", w->s->task[i].cpu, name);
	}
	fputs("\t{NULL, 0, NULL},\n};\n\n", w->out);
}

static const char *name_of(const struct writer *w, u32 task)
{
	return task < w->s->nr_tasks ? w->s->task[task].name : "a kernel thread or interrupt";
}

/* The entry in words: which step of the kernel the place is. */
static void describe_entry(const struct writer *w, const struct schedule_entry *e, char *buf, size_t size)
{
	static const char *const where[] = {
		[SCHEDULE_SEMANTIC] = "is at", [SCHEDULE_OBJECT] = "has passed", [SCHEDULE_RAW] = "has passed"};
	static const char *const choices[NR_RT_CHOICES] = {
		[RT_CHOOSE_FAULT] = "a failure that the environment may have",
		[RT_CHOOSE_CALLBACK] = "which callback of RCU is first",
		[RT_CHOOSE_WORK] = "which work item a CPU takes",
		[RT_CHOOSE_TIMER] = "how late a machine wakes where everybody waits",
		[RT_CHOOSE_DRAIN] = "when a store reaches memory",
	};
	const char *function = point_mirrors((enum point_id)e->anchor);

	switch ((enum schedule_form)e->form) {
	case SCHEDULE_START:
		snprintf(buf, size, "%s is the first to run", name_of(w, e->target));
		return;
	case SCHEDULE_CHOICE:
		snprintf(buf, size, "%s", choices[e->choice]);
		return;
	default:
		snprintf(buf, size, "%s %s %s%s%s%s: %s goes on", name_of(w, e->task), where[e->form],
			 point_name((enum point_id)e->anchor), function[0] == '-' ? "" : ", in ",
			 function[0] == '-' ? "" : function, function[0] == '-' ? "" : "()", name_of(w, e->target));
	}
}

static void put_schedule(const struct writer *w)
{
	struct schedule_names names = scenario_task_names(w->s);
	char line[LINE_LEN];

	fputs("/* Between these each task runs until it waits or ends; then the next that can goes on, in the order of "
	      "tasks. */\n",
	      w->out);
	put_table_of(w->out, "schedule");
	for (u32 i = 0; i < w->s->schedule.count; i++) {
		describe_entry(w, &w->s->schedule.entry[i], line, sizeof(line));
		put_comment(w->out, line);
		schedule_print_entry(&w->s->schedule, i, &names, line, sizeof(line));
		put_entry(w->out, line);
	}
	end_table(w->out);
}

static void put_member(const struct writer *w, const char *member, const char *keyword)
{
	const char *line;
	size_t len;

	if (!find_line(w, keyword, &line, &len))
		return;
	fprintf(w->out, "\t.%s = ", member);
	put_string(w->out, line, len);
	fputs(",\n", w->out);
}

static void put_scenario(const struct writer *w)
{
	bool switches = put_switches(w), laws = put_laws(w);

	if (w->s->nr_boot_ops) {
		fputs("/* While the machine boots, before there are tasks. */\n", w->out);
		put_table_of(w->out, "boot");
		for (u32 i = 0; i < w->s->nr_boot_ops; i++)
			put_op(w, &w->s->boot_op[i]);
		end_table(w->out);
	}
	put_tasks(w);
	put_schedule(w);
	fputs("static const struct pfnstorm_scenario scenario = {\n", w->out);
	put_member(w, "name", "name");
	put_member(w, "machine", "machine");
	put_member(w, "slots", "slots");
	if (switches)
		fputs("\t.switches = switches,\n", w->out);
	if (w->s->nr_boot_ops)
		fputs("\t.boot = boot,\n", w->out);
	fprintf(w->out, "\t.tasks = tasks,\n\t.schedule = schedule,\n%s};\n\n", laws ? "\t.laws = laws,\n" : "");
	fputs("/* What is to come again. */\nstatic const char verdict[] = ", w->out);
	put_string(w->out, verdict_name(w->e->result.kind), strlen(verdict_name(w->e->result.kind)));
	fputs(";\nstatic const char signature[] =\n\t", w->out);
	put_string(w->out, w->e->result.signature, strlen(w->e->result.signature));
	fputs(";\n\n", w->out);
}

/* ---- the program ----------------------------------------------------------------------------------------------- */

static const char program[] =
	"/* Who stops where, and who goes on. */\n"
	"static void show(const struct pfnstorm_switch *s)\n"
	"{\n"
	"\tstatic const char *const why[] = {\"\", \"is preempted\", \"waits\", \"has ended\"};\n"
	"\n"
	"\tif (s->why != PFNSTORM_STARTS)\n"
	"\t\tprintf(\"%8llu  %s (CPU %u) %s at %s%s%s\\n\", s->step, s->from, s->from_cpu, why[s->why], s->place,\n"
	"\t\t       s->from_op[0] ? \", in \" : \"\", s->from_op);\n"
	"\tprintf(\"%8llu  %s (CPU %u) runs%s%s\\n\", s->step, s->to, s->to_cpu, s->to_op[0] ? \": \" : \"\", "
	"s->to_op);\n"
	"}\n"
	"\n"
	"static void show_run(struct pfnstorm *run, const struct pfnstorm_result *r)\n"
	"{\n"
	"\tconst char *outcome;\n"
	"\n"
	"\tfor (size_t i = 0; i < r->nr_switches; i++)\n"
	"\t\tshow(&r->switches[i]);\n"
	"\tfor (unsigned int i = 0; (outcome = pfnstorm_outcome(run, i)); i++)\n"
	"\t\tputs(outcome);\n"
	"\tprintf(\"%llu steps, %llu preemptions, hash %016llx\\n\", r->steps, r->preemptions, r->hash);\n"
	"\tprintf(\"%s%s%s\\n\", r->verdict, r->signature[0] ? \": \" : \"\", r->signature);\n"
	"\tif (r->detail[0])\n"
	"\t\tprintf(\"  %s\\n\", r->detail);\n"
	"}\n"
	"\n"
	"static int judge(const struct pfnstorm_result *r)\n"
	"{\n"
	"\tif (r->drift[0]) {\n"
	"\t\tprintf(\"not reproduced: drift: %s\\n\", r->drift);\n"
	"\t\treturn 3;\n"
	"\t}\n"
	"\tif (strcmp(r->verdict, verdict) == 0 && strcmp(r->signature, signature) == 0) {\n"
	"\t\tputs(\"same signature\");\n"
	"\t\treturn 1;\n"
	"\t}\n"
	"\tif (strcmp(r->verdict, \"ok\") == 0) {\n"
	"\t\tprintf(\"not reproduced: every law held, expected %s: %s\\n\", verdict, signature);\n"
	"\t\treturn 0;\n"
	"\t}\n"
	"\tprintf(\"another failure: expected %s: %s\\n\", verdict, signature);\n"
	"\treturn 4;\n"
	"}\n"
	"\n"
	"int main(int argc, char **argv)\n"
	"{\n"
	"\tstruct pfnstorm_result result;\n"
	"\tstruct pfnstorm *run;\n"
	"\tchar error[512];\n"
	"\tint status = 2;\n"
	"\n"
	"\trun = pfnstorm_open(&scenario, error, sizeof(error));\n"
	"\tfor (int i = 1; run && i < argc; i++) {\n"
	"\t\tif (pfnstorm_set(run, argv[i], error, sizeof(error)) == 0)\n"
	"\t\t\tcontinue;\n"
	"\t\tpfnstorm_close(run);\n"
	"\t\trun = NULL;\n"
	"\t}\n"
	"\tif (!run) {\n"
	"\t\tfprintf(stderr, \"%s\\n\", error);\n"
	"\t} else if (pfnstorm_run(run, &result)) {\n"
	"\t\tfputs(\"out of memory\\n\", stderr);\n"
	"\t} else {\n"
	"\t\tshow_run(run, &result);\n"
	"\t\tstatus = judge(&result);\n"
	"\t}\n"
	"\tpfnstorm_close(run);\n"
	"\treturn status;\n"
	"}\n";

static int write_file(struct writer *w, char **text)
{
	size_t size = 0;
	int ret = -ENOMEM;

	*text = NULL;
	w->text = malloc(SCENARIO_TEXT_MAX);
	w->out = w->text ? open_memstream(text, &size) : NULL;
	if (w->out) {
		scenario_print(w->s, w->text, SCENARIO_TEXT_MAX);
		ret = put_head(w);
		put_scenario(w);
		fputs(program, w->out);
		if (fclose(w->out))
			ret = -ENOMEM;
	}
	free(w->text);
	if (ret) {
		free(*text);
		*text = NULL;
	}
	return ret;
}

int export_c(const struct scenario *s, const char *file, char **text, struct rt_verdict *verdict, char *error,
	     size_t size)
{
	struct explanation e;
	struct writer w = {.s = s, .e = &e, .file = file};
	int ret = explain(s, false, EXPLAIN_MAIL, &e, error, size);

	if (ret)
		return ret;
	*verdict = e.result;
	for (u32 i = 0; i < s->nr_tasks; i++)
		w.numbered |= !is_identifier(s->task[i].name);
	if (e.result.kind == VERDICT_ok) {
		snprintf(error, size, "nothing to export: every law held");
		ret = -ENOENT;
	} else {
		ret = write_file(&w, text);
		if (ret)
			snprintf(error, size, "out of memory");
	}
	explanation_free(&e);
	return ret;
}
