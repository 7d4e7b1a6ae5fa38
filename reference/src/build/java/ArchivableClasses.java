import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.ClassHierarchyResolverOption;
import java.lang.classfile.ClassFile.StackMapsOption;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Collections;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Makes the classes of an old library fit for the JVM's AOT cache.
 *
 * <p>{@code java ArchivableClasses.java CLASSPATH LIBRARY OUT} finds the jar whose name begins with LIBRARY in the class
 * path that the file CLASSPATH holds, and writes its classes into the jar OUT; those from before Java 6 with stack maps
 * and in the version of Java 21. The cache leaves out classes without stack maps, and picocli, which is still built for
 * Java 5, is a sixth of what a start loads and the dearest part. Nothing else changes; OUT names in its comment the jar
 * that it comes from, and is not written again for the same one.
 */
public final class ArchivableClasses {

    private ArchivableClasses() {}

    public static void main(String[] arguments) throws IOException {
        String library = arguments[1];
        Path jar = Arrays.stream(Files.readString(Path.of(arguments[0])).split(System.getProperty("path.separator")))
                .map(Path::of)
                .filter(file -> file.getFileName().toString().startsWith(library + "-"))
                .findFirst()
                .orElseThrow(() -> new IOException(arguments[0] + " names no jar of " + library + "."));
        Path out = Path.of(arguments[2]);
        String source = jar.getFileName().toString();
        if (Files.exists(out) && source.equals(comment(out))) {
            return;
        }
        Path draft = Path.of(out + ".draft"); // a build that is stopped leaves no half of a jar
        try (ZipFile zip = new ZipFile(jar.toFile());
                URLClassLoader classes =
                        new URLClassLoader(new URL[] {jar.toUri().toURL()});
                ZipOutputStream to = new ZipOutputStream(Files.newOutputStream(draft))) {
            to.setComment(source);
            // Which type two branches have in common depends on the library's own classes too.
            ClassFile writer = ClassFile.of(
                    StackMapsOption.GENERATE_STACK_MAPS,
                    ClassHierarchyResolverOption.of(ClassHierarchyResolver.ofResourceParsing(classes)));
            for (ZipEntry entry : Collections.list(zip.entries())) {
                if (entry.getName().endsWith(".class") && !entry.getName().endsWith("module-info.class")) {
                    to.putNextEntry(new ZipEntry(entry.getName()));
                    to.write(archivable(writer, zip.getInputStream(entry).readAllBytes()));
                }
            }
        }
        Files.move(draft, out, StandardCopyOption.REPLACE_EXISTING);
    }

    private static String comment(Path jar) throws IOException {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            return zip.getComment();
        }
    }

    private static byte[] archivable(ClassFile writer, byte[] bytes) {
        ClassModel model = writer.parse(bytes);
        if (model.majorVersion() >= ClassFile.JAVA_6_VERSION) {
            return bytes;
        }
        ClassTransform version = (builder, element) -> {
            if (element instanceof ClassFileVersion) {
                builder.withVersion(ClassFile.JAVA_21_VERSION, 0);
            } else {
                builder.with(element);
            }
        };
        // A body that no transformation has looked at is copied, without a stack map.
        ClassTransform bodies = ClassTransform.transformingMethodBodies((builder, element) -> builder.with(element));
        return writer.transformClass(model, bodies.andThen(version));
    }
}
