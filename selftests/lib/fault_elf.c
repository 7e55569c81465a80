// SPDX-License-Identifier: GPL-2.0
/* See fault_elf.h. For x86-64, as the kernel that it is used on. */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "fault_elf.h"

#define CALL_OPCODE	0xe8

static const unsigned char *image;
static const Elf64_Shdr *sections;
static int n_sections;
static const Elf64_Sym *symbols;
static size_t n_symbols;
static const char *strings, *section_names;

int fault_elf_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const Elf64_Ehdr *header;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	image = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (image == MAP_FAILED)
		return -errno;
	header = (const void *)image;
	if (memcmp(header->e_ident, ELFMAG, SELFMAG) ||
	    header->e_machine != EM_X86_64)
		return -ENOEXEC;
	sections = (const void *)(image + header->e_shoff);
	n_sections = header->e_shnum;
	section_names = (const char *)image +
			sections[header->e_shstrndx].sh_offset;
	for (int i = 0; i < n_sections; i++) {
		if (sections[i].sh_type != SHT_SYMTAB)
			continue;
		symbols = (const void *)(image + sections[i].sh_offset);
		n_symbols = sections[i].sh_size / sizeof(*symbols);
		strings = (const char *)image +
			  sections[sections[i].sh_link].sh_offset;
	}
	return symbols ? 0 : -ENOEXEC;
}

static const Elf64_Sym *function_at(int section, uint64_t offset)
{
	for (size_t i = 0; i < n_symbols; i++) {
		const Elf64_Sym *s = &symbols[i];

		if (ELF64_ST_TYPE(s->st_info) == STT_FUNC &&
		    s->st_shndx == section && offset > s->st_value &&
		    offset <= s->st_value + s->st_size)
			return s;
	}
	return NULL;
}

static void tell(int section, const Elf64_Rela *r, const Elf64_Sym *callee,
		 fault_call_fn fn, void *arg)
{
	const unsigned char *code = image + sections[section].sh_offset;
	uint64_t after = r->r_offset + 4;
	const Elf64_Sym *in = function_at(section, after);
	const char *name = section_names + sections[section].sh_name;
	struct fault_call call = {
		.callee = strings + callee->st_name,
		.is_init = !strcmp(name, ".init.text") ||
			   !strcmp(name, ".exit.text"),
		.returns = code[r->r_offset - 1] == CALL_OPCODE,
	};

	if (in)
		snprintf(call.site, sizeof(call.site), "%s+0x%llx",
			 strings + in->st_name,
			 (unsigned long long)(after - in->st_value));
	snprintf(call.text, sizeof(call.text), "text+0x%llx",
		 (unsigned long long)after);
	fn(&call, arg);
}

static void walk(const Elf64_Shdr *rela, fault_call_fn fn, void *arg)
{
	const Elf64_Rela *r = (const void *)(image + rela->sh_offset);
	size_t n = rela->sh_size / sizeof(*r);

	for (size_t i = 0; i < n; i++) {
		const Elf64_Sym *s = &symbols[ELF64_R_SYM(r[i].r_info)];
		int type = ELF64_R_TYPE(r[i].r_info);

		if (s->st_shndx == SHN_UNDEF &&
		    (type == R_X86_64_PLT32 || type == R_X86_64_PC32))
			tell(rela->sh_info, &r[i], s, fn, arg);
	}
}

void fault_elf_calls(fault_call_fn fn, void *arg)
{
	for (int i = 0; i < n_sections; i++)
		if (sections[i].sh_type == SHT_RELA &&
		    sections[sections[i].sh_info].sh_flags & SHF_EXECINSTR)
			walk(&sections[i], fn, arg);
}

void fault_elf_needs(fault_symbol_fn fn, void *arg)
{
	for (size_t i = 1; i < n_symbols; i++)
		if (symbols[i].st_shndx == SHN_UNDEF)
			fn(strings + symbols[i].st_name, arg);
}
