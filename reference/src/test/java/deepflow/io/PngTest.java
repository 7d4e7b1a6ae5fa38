package deepflow.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PngTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void anotherReaderSeesThePixels(int channels) throws IOException {
        byte[] pixels = new byte[5 * 7 * channels];
        new Random(1).nextBytes(pixels);
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(Png.encode(pixels, 5, 7, channels)));
        assertEquals(5, image.getHeight());
        assertEquals(7, image.getWidth());
        for (int y = 0; y < 5; y++) {
            for (int x = 0; x < 7; x++) {
                for (int c = 0; c < channels; c++) {
                    int expected = pixels[(y * 7 + x) * channels + c] & 0xFF;
                    assertEquals(expected, image.getRaster().getSample(x, y, c));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4})
    void otherChannelsAreNoPicture(int channels) {
        assertThrows(IllegalArgumentException.class, () -> Png.encode(new byte[channels], 1, 1, channels));
    }
}
